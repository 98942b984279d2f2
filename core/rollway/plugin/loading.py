"""The loader: one entry point at a time, so that one broken plugin takes nothing else with it."""

from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from typing import Any

import pluggy

from rollway.errors import PluginError
from rollway.plugin import hookspecs
from rollway.plugin.descriptor import API_VERSION, Descriptor
from rollway.plugin.registry import HOOKS, Broken, Loaded, Origin, Registry

GROUP = "rollway"
"""The entry-point group, for built-ins and strangers alike."""

NOTHING_OFFERED = "none of its hooks gives a descriptor; is each marked with rollway.api.hookimpl?"


def load(entry_points: Iterable[metadata.EntryPoint] | None = None) -> Registry:
    """Load every installed plugin.

    One that cannot be loaded is kept as `Broken` and skipped. Raises PluginError where two give the same name.
    """
    found = metadata.entry_points(group=GROUP) if entry_points is None else entry_points
    loaded: dict[tuple[str, str], Loaded] = {}
    broken: list[Broken] = []
    for entry in sorted(found, key=lambda entry: entry.name):
        origin = _origin(entry)
        try:
            offered = tuple(_offered(entry, origin))
        except (
            Exception,
            SystemExit,
        ) as error:  # the plugin boundary: a stranger's import may raise anything
            broken.append(Broken(origin, _told(error)))
            continue
        if not offered:
            broken.append(Broken(origin, NOTHING_OFFERED))
        for each in offered:
            _add(loaded, each)
    return Registry(loaded, tuple(broken))


def _origin(entry: metadata.EntryPoint) -> Origin:
    distribution = entry.dist
    return Origin(
        entry.name, distribution.name if distribution else "?", distribution.version if distribution else "?"
    )


def _told(error: BaseException) -> str:
    return str(error) if isinstance(error, PluginError) else f"{type(error).__name__}: {error}"


def _offered(entry: metadata.EntryPoint, origin: Origin) -> Iterator[Loaded]:
    plugins = pluggy.PluginManager("rollway")
    plugins.add_hookspecs(hookspecs)
    plugins.register(entry.load(), entry.name)
    plugins.check_pending()
    for kind, descriptor in _descriptors(plugins):
        yield Loaded(kind, _checked(descriptor), origin)


def _descriptors(plugins: pluggy.PluginManager) -> Iterator[tuple[str, Any]]:
    hooks: Mapping[str, str] = HOOKS
    for kind, hook in hooks.items():
        for given in getattr(plugins.hook, hook)():
            for descriptor in given:
                yield kind, descriptor


def _checked(descriptor: Any) -> Descriptor[Any]:
    if not isinstance(descriptor, Descriptor):
        raise PluginError(f"its hook gives {type(descriptor).__name__}, not descriptors")
    if descriptor.api_version != API_VERSION:
        raise PluginError(
            f"{descriptor.name} was made for plugin API {descriptor.api_version}, this is {API_VERSION}; "
            "install a version that fits"
        )
    return descriptor


def _add(loaded: dict[tuple[str, str], Loaded], new: Loaded) -> None:
    key = (new.kind, new.descriptor.name)
    if key in loaded:
        first, second = loaded[key].origin, new.origin
        raise PluginError(
            f"two plugins give the {new.kind} {new.descriptor.name!r}: "
            f"{first.distribution} ({first.entry_point}) and {second.distribution} ({second.entry_point}); "
            "uninstall one"
        )
    loaded[key] = new
