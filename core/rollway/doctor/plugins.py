"""The plugins: each loads, its settings are valid, and it finds what it needs on this machine."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import BaseModel

from rollway.config.deployment import Deployment
from rollway.doctor.examining import Look
from rollway.domain.findings import Finding, problem, warning
from rollway.plugin.kinds import Node
from rollway.plugin.registry import Broken, Loaded, Registry

Named = tuple[str, str]
"""Kind and name of a plugin."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Where plugins are looked at: those of `registry`, as they would be at work on `node` under `node.folder`."""

    registry: Registry
    node: Node

    def node_of(self, name: str) -> Node:
        """The plugin's own; its folder need not be there yet."""
        return replace(self.node, folder=self.node.folder / name)


def used(deployments: Iterable[Deployment]) -> Mapping[Named, Sequence[BaseModel]]:
    """What applications use, with the settings of each use."""
    found: dict[Named, list[BaseModel]] = {}
    for deployment in deployments:
        for environment in deployment.environments.values():
            uses = (
                ("target", environment.target),
                ("router", environment.router),
                ("strategy", environment.strategy),
                *(("monitor", each) for each in environment.monitors),
            )
            for kind, use in uses:
                models = found.setdefault((kind, use.use), [])
                models += [use.model] if use.model is not None else []
    return found


def looks(
    bench: Bench, uses: Mapping[Named, Sequence[BaseModel]], besides: Collection[Named] = ()
) -> Iterator[Look]:
    """One look at each plugin that is used or named besides; at all that are installed where none is."""
    wanted = {*uses, *besides} or set(bench.registry.loaded)
    for kind, name in sorted(wanted):
        yield _look(bench, (kind, name), uses.get((kind, name), ()))
    named = {name for _, name in wanted}
    for broken in bench.registry.broken:
        if broken.origin.entry_point not in named:
            yield _told(broken)


def _look(bench: Bench, plugin: Named, models: Sequence[BaseModel]) -> Look:
    what = " ".join(plugin)

    async def look() -> Sequence[Finding]:
        loaded = bench.registry.loaded.get(plugin)
        if loaded is None:
            return [_missing(bench.registry, plugin)]
        check = loaded.descriptor.check
        found = [] if check is None else await check(bench.node_of(plugin[1]), models)
        return [replace(each, name=what) for each in found] or [_well(what, loaded)]

    return Look("plugins", what, look)


def _well(what: str, loaded: Loaded) -> Finding:
    return Finding(what, f"of {loaded.origin.distribution} {loaded.origin.version}")


def _missing(registry: Registry, plugin: Named) -> Finding:
    kind, name = plugin
    for each in registry.broken:
        if each.origin.entry_point == name:
            return problem(f"{kind} {name}", _unloadable(each), _reinstall(each))
    known = ", ".join(registry.names(kind)) or "none"
    return problem(f"{kind} {name}", "no plugin of that name is installed", f"install it; there are: {known}")


def _told(broken: Broken) -> Look:
    """That somebody installed what does not work; nobody uses it."""

    async def look() -> Sequence[Finding]:
        return [warning(broken.origin.entry_point, _unloadable(broken), _reinstall(broken))]

    return Look("plugins", broken.origin.entry_point, look)


def _unloadable(broken: Broken) -> str:
    return f"of {broken.origin.distribution} {broken.origin.version} cannot be loaded: {broken.problem}"


def _reinstall(broken: Broken) -> str:
    return f"pip install --force-reinstall {broken.origin.distribution}, or uninstall it"
