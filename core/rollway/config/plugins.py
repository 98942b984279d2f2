"""What configuration needs to know of plugins, and where a document names them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeAlias, get_args

from pydantic import BaseModel

from rollway.config.places import Path
from rollway.config.tree import Json

Kind: TypeAlias = Literal["target", "router", "strategy", "monitor", "scm", "builder", "notifier"]
"""The kinds of plugin that a deploy.yaml names."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

DEFAULT_ROUTER: Final = "envoy"
DEFAULT_MONITOR: Final = "error-rate"


class PluginModels(Protocol):
    """The settings models of the plugins that are loaded."""

    def settings_model(self, kind: Kind, name: str) -> type[BaseModel] | None:
        """The model that checks what stands beside `use: name`; None where no such plugin is loaded."""
        ...

    def names(self, kind: Kind) -> Sequence[str]:
        """The names of the loaded plugins of a kind."""
        ...


@dataclass(frozen=True, slots=True)
class Section:
    """One `{use: NAME, ...settings}` of a document, as it stands; `value` is not checked yet."""

    kind: Kind
    path: Path
    value: Mapping[str, Json]

    @property
    def use(self) -> str | None:
        """The plugin's name, where it is text."""
        name = self.value.get("use")
        return name if isinstance(name, str) else None


def sections(document: Mapping[str, Json]) -> Iterator[Section]:
    """Every plugin section of a document, defaults not filled in; what has the wrong shape is passed over."""
    yield from _section("scm", ("source",), document.get("source"))
    build = document.get("build")
    if isinstance(build, dict) and "use" in build:
        yield from _section("builder", ("build",), build)
    environments = document.get("environments")
    for name, environment in environments.items() if isinstance(environments, dict) else ():
        if isinstance(environment, dict):
            yield from _environment(("environments", name), environment)


def _environment(path: Path, environment: Mapping[str, Json]) -> Iterator[Section]:
    single: tuple[Kind, ...] = ("target", "router", "strategy")
    for kind in single:
        yield from _section(kind, (*path, kind), environment.get(kind))
    several: tuple[tuple[Kind, str], ...] = (("monitor", "monitors"), ("notifier", "notify"))
    for kind, key in several:
        items = environment.get(key)
        for index, item in enumerate(items if isinstance(items, list) else ()):
            yield from _section(kind, (*path, key, index), item)


def _section(kind: Kind, path: Path, value: Json) -> Iterator[Section]:
    if isinstance(value, dict):
        yield Section(kind, path, value)
