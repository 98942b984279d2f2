"""What one environment's route file says, and how a group is taken back: values and decisions, pure.

The file is the router's memory: besides the routes it names the stable group and the marks, so whoever renames a
prepared file into its place changes routing and memory in one act.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from rollway.api import Mark, PluginError, Routing, Split
from rollway_plugins.envoy import documents
from rollway_plugins.envoy.bootstrap import Document

PREPARED_KEY = "prepared"
PREPARED_REASON = "taken back by the route file that lay ready"


@dataclass(frozen=True, slots=True)
class Routes:
    """How one environment's requests are shared, by whom they must not be answered, and who is stable."""

    environment: str
    split: Split
    stable: str | None = None
    timeout: float | None = None
    marks: tuple[Mark, ...] = ()

    @property
    def marked(self) -> frozenset[str]:
        """The groups that stay at 0."""
        return frozenset(mark.group for mark in self.marks)

    def lowered(self, marks: Iterable[Mark]) -> "Routes":
        """These routes with the marked groups at 0 and their share on stable, or on nobody where there is none."""
        added = {mark.group: mark for mark in marks}
        split = self.split
        for group in sorted(added):
            if split.of(group):
                split = split.without(group, self.stable)
        kept = tuple(mark for mark in self.marks if mark.group not in added)
        return replace(self, split=split, marks=(*kept, *added.values()))

    def takes_back(self, group: str, now: "Routes") -> bool:
        """Whether putting these in the place of `now` lowers `group`, raises none but stable and forgets no mark."""
        return (
            self.stable == now.stable
            and self.marked >= now.marked | {group}
            and all(
                share <= now.split.of(name)
                for name, share in self.split.shares.items()
                if name != self.stable
            )
        )


def permitted(routing: Routing, timeout: float | None, marks: Iterable[Mark]) -> Routes:
    """The routes for a routing, marked groups at 0.

    Raises PluginError for a split or stable that names no group, and where stable itself is marked and wants weight.
    """
    named = set(routing.split.shares) | ({routing.stable} if routing.stable else set())
    if unknown := named - {group.id for group in routing.groups}:
        raise PluginError(
            f"{routing.environment}: split or stable names groups it does not route: {sorted(unknown)}"
        )
    marks = tuple(sorted(marks, key=lambda mark: mark.group))
    if any(mark.group == routing.stable and routing.split.of(mark.group) for mark in marks):
        raise PluginError(
            f"{routing.environment}: {routing.stable} was taken back and may not have weight before its mark is lifted"
        )
    return Routes(routing.environment, routing.split, routing.stable, timeout).lowered(marks)


def takebacks(routes: Routes, groups: Iterable[str]) -> Mapping[str | None, Routes]:
    """What must lie ready before `routes` are in force: for each group that may be lowered, the routes without it.

    Under None the routes without any of them, for the second group to be lowered where nothing can be written.
    """
    open_ = sorted(set(groups) - {routes.stable} - routes.marked)
    prepared = {group: Mark(group, PREPARED_KEY, PREPARED_REASON) for group in open_}
    ready: dict[str | None, Routes] = {group: routes.lowered([mark]) for group, mark in prepared.items()}
    if len(prepared) > 1:
        ready[None] = routes.lowered(prepared.values())
    return ready


def write(routes: Routes) -> Document:
    """The route file."""
    memory = {
        "stable": routes.stable or "",
        "timeout": routes.timeout or 0,
        "split": dict(sorted(routes.split.shares.items())),
        "marks": [{"group": mark.group, "key": mark.key, "reason": mark.reason} for mark in routes.marks],
    }
    return documents.route_file(
        documents.routes(routes.environment, routes.split.shares, routes.timeout, memory)
    )


def read(configuration: Mapping[str, object]) -> Routes:
    """The routes that a route configuration was made from. Raises PluginError where it is not one of ours."""
    try:
        host = configuration["virtual_hosts"][0]  # type: ignore[index]
        memory = host["metadata"]["filter_metadata"]["rollway"]
        # Envoy gives back every number of its metadata as a float.
        split = Split({str(group): int(share) for group, share in memory.get("split", {}).items()})
        marks = tuple(Mark(mark["group"], mark["key"], mark["reason"]) for mark in memory.get("marks", ()))
        return Routes(
            str(configuration["name"]),
            split,
            memory.get("stable") or None,
            memory.get("timeout") or None,
            marks,
        )
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        raise PluginError(f"a route file was changed by somebody else: {error!r}") from error
