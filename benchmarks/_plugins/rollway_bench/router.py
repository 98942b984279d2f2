"""A router without traffic: each group's counters grow with the clock, by its share of the environment's rate.

Nothing is done while nobody asks: a reading is the moment it was taken, and a group's counters are worked out when they
are looked at.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rollway.api import WHOLE, Effect, GroupCounters, Mark, RouterState, Routing

ANSWERS_NONE = RouterState(running=True)


@dataclass(frozen=True, slots=True)
class Line:
    """A group's requests: so many at `since` (monotonic seconds), and `rate` more with each second, `bad` of them failed."""

    requests: float
    since: float
    rate: float
    bad: float

    def at(self, now: float) -> float:
        """Requests until then."""
        return self.requests + self.rate * (now - self.since)


class Reading(Mapping[str, GroupCounters]):
    """The counters of all groups at one moment."""

    def __init__(self, lines: Mapping[str, Line], now: float) -> None:
        self._lines, self._now = lines, now

    def __getitem__(self, group: str) -> GroupCounters:
        line = self._lines[group]
        requests = int(line.at(self._now))
        return GroupCounters(requests, int(requests * line.bad))

    def __contains__(self, group: object) -> bool:
        return group in self._lines

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)


class BenchRouter:
    """A `Router` that keeps what it is given, and counts by the clock."""

    def __init__(self) -> None:
        self._routings: dict[str, Routing] = {}
        self._lines: dict[str, Line] = {}

    async def reconcile(self, routing: Routing, effect: Effect) -> None:
        """As `Router.reconcile`."""
        now, before = time.monotonic(), self._routings.get(routing.environment)
        for group in before.groups if before else ():
            if group.id not in {known.id for known in routing.groups}:
                self._lines.pop(group.id, None)
        self._routings[routing.environment] = routing
        for group in routing.groups:
            self._share(group.id, routing, now)

    def _share(self, group: str, routing: Routing, now: float) -> None:
        rate, bad = _number(routing, "rate", 20_000.0), _number(routing, "bad", 0.001)
        line = self._lines.get(group)
        so_far = line.at(now) if line else 0.0
        self._lines[group] = Line(so_far, now, rate * routing.split.of(group) / WHOLE, bad)

    async def lower(self, environment: str, mark: Mark) -> None:
        """As `Router.lower`, without a mark: nobody dies between this and its record."""
        line, now = self._lines.get(mark.group), time.monotonic()
        if line is not None:
            self._lines[mark.group] = Line(line.at(now), now, 0.0, line.bad)

    async def sever(self, environment: str, group: str) -> None:
        """As `Router.sever`."""

    async def remove(self, environment: str, effect: Effect) -> None:
        """As `Router.remove`."""
        self._routings.pop(environment, None)

    async def observe(self, environment: str) -> RouterState:
        """As `Router.observe`."""
        known = self._routings.get(environment)
        return RouterState(running=True, split=known.split) if known else ANSWERS_NONE

    async def counters(self) -> Mapping[str, GroupCounters]:
        """As `Router.counters`."""
        return Reading(dict(self._lines), time.monotonic())

    async def open(self) -> None:
        """As `Router.open`."""

    async def close(self) -> None:
        """As `Router.close`."""


def _number(routing: Routing, name: str, default: float) -> float:
    value = routing.settings.get(name, default)
    return float(value) if isinstance(value, int | float) else default
