"""A router in memory that keeps the router's contract, remembers its calls and breaks on demand."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from rollway.domain.effects import Effect, Mark, Token
from rollway.domain.split import EMPTY, WHOLE, Split
from rollway.domain.traffic import GroupCounters, Histogram, RouterState, Routing
from rollway.errors import PluginError
from rollway.plugin.kinds import StaleToken
from rollway.testing.faults import Breakable


@dataclass(slots=True)
class FakeEnvironment:
    """What the router knows of one environment."""

    routing: Routing
    split: Split = EMPTY
    marks: dict[str, Mark] = field(default_factory=dict)


@dataclass(slots=True)
class FakeNode:
    """What outlives a router object: give the same node to a second `FakeRouter` to play a daemon's restart."""

    running: bool = True
    environments: dict[str, FakeEnvironment] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    counters: dict[str, GroupCounters] = field(default_factory=dict)
    severed: list[tuple[str, str]] = field(default_factory=list)


class FakeRouter(Breakable):
    """The contract of `Router` without a network.

    `serve` plays traffic: it shares requests out by the split in force and counts them. `breaks` makes the next calls
    of a verb go wrong. `calls` is every call so far; `now` gives their times.
    """

    def __init__(self, node: FakeNode | None = None, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(now)
        self.node = node or FakeNode()
        self.unreadable = False

    def split(self, environment: str) -> Split:
        """The split in force; empty where the environment is unknown."""
        known = self.node.environments.get(environment)
        return known.split if known else EMPTY

    def serve(
        self,
        environment: str,
        requests: int,
        bad: Mapping[str, float] | None = None,
        latency: Mapping[str, Histogram] | None = None,
    ) -> Mapping[str | None, int]:
        """Share out so many requests; `bad` is the part of each group's requests that fails, `latency` what to add.

        Returns how many each group got; None got what the listener itself answered with 503.
        """
        split = self.split(environment)
        shares = apportion(requests, split)
        for group, count in shares.items():
            failed = round(count * (bad or {}).get(group, 0.0))
            self._count(group, count, failed, (latency or {}).get(group))
        return dict[str | None, int](shares.items()) if split.shares else {None: requests}

    async def open(self) -> None:
        """Begin."""
        await self._call("open", lambda: None)

    async def close(self) -> None:
        """End; what is routed stays."""
        await self._call("close", lambda: None)

    async def reconcile(self, routing: Routing, effect: Effect) -> None:
        """As `Router.reconcile`."""
        await self._call("reconcile", lambda: self._reconcile(routing, effect), routing, effect)

    async def lower(self, environment: str, mark: Mark) -> None:
        """As `Router.lower`."""
        await self._call("lower", lambda: self._lower(environment, mark), environment, mark)

    async def sever(self, environment: str, group: str) -> None:
        """As `Router.sever`; what was severed stands in `node.severed`."""
        await self._call("sever", lambda: self._sever(environment, group), environment, group)

    async def remove(self, environment: str, effect: Effect) -> None:
        """As `Router.remove`."""
        await self._call("remove", lambda: self._remove(environment, effect), environment, effect)

    async def observe(self, environment: str) -> RouterState:
        """As `Router.observe`."""
        await self._call("observe", lambda: None, environment)
        known, token = self.node.environments.get(environment), self.node.tokens.get(environment)
        if known is None:
            return RouterState(running=self.node.running, token=token, remembers=False)
        return RouterState(
            running=self.node.running,
            split=known.split if self.node.running else None,
            marks=tuple(known.marks.values()),
            token=token,
            endpoints={group.id: group.endpoints for group in known.routing.groups},
        )

    async def counters(self) -> Mapping[str, GroupCounters]:
        """As `Router.counters`; raises `PluginError` while `unreadable` is set."""
        await self._call("counters", lambda: None)
        if self.unreadable or not self.node.running:
            raise PluginError("the router's counters cannot be read now")
        return dict(self.node.counters)

    def _admit(self, environment: str, effect: Effect) -> None:
        last = self.node.tokens.get(environment)
        if last is not None and effect.token < last:
            raise StaleToken(f"{environment}: {effect.token} is lower than {last}, the last seen")
        self.node.tokens[environment] = effect.token

    def _reconcile(self, routing: Routing, effect: Effect) -> None:
        _check_names(routing)
        known = self.node.environments.get(routing.environment) or FakeEnvironment(routing)
        here = {group.id for group in routing.groups}
        told = (*routing.marks, *known.marks.values())
        marks = {m.group: m for m in told if m.group in here - routing.lifted}
        split = permitted(routing, frozenset(marks))
        self._admit(routing.environment, effect)
        self.node.environments[routing.environment] = FakeEnvironment(routing, split, marks)
        for gone in {group.id for group in known.routing.groups} - here:
            self.node.counters.pop(gone, None)

    def _lower(self, environment: str, mark: Mark) -> None:
        known = self.node.environments.get(environment)
        if known is None or not known.routing.groups:
            return
        if known.routing.stable == mark.group:
            raise PluginError(f"{mark.group} is the stable group of {environment}; it is not lowered")
        known.split = known.split.without(mark.group, known.routing.stable)
        known.marks.setdefault(mark.group, mark)

    def _sever(self, environment: str, group: str) -> None:
        if self.split(environment).of(group):
            raise PluginError(
                f"{group} still has weight in {environment}; lower it before its connections are ended"
            )
        self.node.severed.append((environment, group))

    def _remove(self, environment: str, effect: Effect) -> None:
        self._admit(environment, effect)
        known = self.node.environments.pop(environment, None)
        for group in known.routing.groups if known else ():
            self.node.counters.pop(group.id, None)

    def _count(self, group: str, requests: int, bad: int, latency: Histogram | None) -> None:
        before = self.node.counters.get(group, GroupCounters(0, 0))
        self.node.counters[group] = GroupCounters(
            before.requests + requests, before.bad + bad, _sum(before.latency, latency)
        )


def permitted(routing: Routing, marked: frozenset[str]) -> Split:
    """The split asked for, with marked groups at 0 and their share given to stable.

    Raises PluginError where the stable group itself is marked and would get weight.
    """
    split = routing.split
    if routing.stable in marked and split.of(routing.stable or ""):
        raise PluginError(f"{routing.environment}: {routing.stable} was lowered and its mark is not lifted")
    for group in sorted(marked):
        if split.of(group):
            split = split.without(group, routing.stable)
    return split


def apportion(requests: int, split: Split) -> Mapping[str, int]:
    """Whole requests by share, largest remainder first; they sum to `requests`, or there are none."""
    exact = {group: divmod(requests * share, WHOLE) for group, share in sorted(split.shares.items())}
    counts = Counter({group: whole for group, (whole, _) in exact.items()})
    left = requests - counts.total() if exact else 0
    for group, _ in sorted(exact.items(), key=lambda item: -item[1][1])[:left]:
        counts[group] += 1
    return {group: count for group, count in counts.items() if count}


def _check_names(routing: Routing) -> None:
    named = set(routing.split.shares) | ({routing.stable} if routing.stable else set())
    if unknown := named - {group.id for group in routing.groups}:
        raise PluginError(
            f"{routing.environment}: split or stable names groups it does not route: {sorted(unknown)}"
        )


def _sum(before: Histogram | None, more: Histogram | None) -> Histogram | None:
    if before is None or more is None:
        return more or before
    return replace(before, counts=tuple(a + b for a, b in zip(before.counts, more.counts, strict=True)))
