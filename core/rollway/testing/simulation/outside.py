"""What outlives daemons: the node with its router, the machine with its instances, and the visitors."""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from rollway.domain.effects import Effect
from rollway.domain.instances import Health, Instance
from rollway.domain.split import EMPTY, Split
from rollway.domain.traffic import GroupCounters
from rollway.errors import PluginError
from rollway.testing.clock import VirtualClock
from rollway.testing.fake_router import FakeNode, FakeRouter, apportion
from rollway.testing.fake_target import FakeMachine, FakeTarget
from rollway.testing.simulation.scenario import Place
from rollway.testing.simulation.weather import Weather

BEAT = 0.25
"""Virtual seconds between two bursts of visitors."""


class Onlooker(Protocol):
    """Told of every effect in the moment it is made, by which life of a daemon."""

    def before(self, life: str, verb: str, arguments: tuple[object, ...]) -> None:
        """It is about to be made."""
        ...

    def after(self, life: str, verb: str, arguments: tuple[object, ...]) -> None:
        """It was made; it was not refused."""
        ...


class SeenRouter(FakeRouter):
    """The router of one life, on the node that outlives it."""

    def __init__(
        self, life: str, outside: "Outside", onlooker: Onlooker, weather: Weather, now: Callable[[], float]
    ) -> None:
        super().__init__(outside.node, now)
        self._life = life
        self._outside = outside
        self._onlooker = onlooker
        self._weather = weather

    async def _call(self, verb: str, work: Callable[[], None], *arguments: object) -> None:
        if self._weather.down() and verb not in ("open", "close", "observe"):
            raise PluginError("the router is down")
        self._onlooker.before(self._life, verb, arguments)
        work()
        self._onlooker.after(self._life, verb, arguments)

    async def counters(self) -> Mapping[str, GroupCounters]:
        """What the node counted, unless the metrics lie."""
        found = self._outside.lied(await super().counters(), self._weather)
        self._outside.report(found)
        return found


class SeenTarget(FakeTarget):
    """The target of one life, on the machine that outlives it."""

    def __init__(self, life: str, machine: FakeMachine, onlooker: Onlooker, now: Callable[[], float]) -> None:
        super().__init__(machine, now)
        self._life = life
        self._onlooker = onlooker

    async def _call(self, verb: str, work: Callable[[], None], *arguments: object) -> None:
        self._onlooker.before(self._life, verb, arguments)
        work()
        self._onlooker.after(self._life, verb, arguments)


@dataclass
class Outside:
    """Node, machine and visitors. `bad` is the share of each release's answers that fail."""

    clock: VirtualClock
    node: FakeNode = field(default_factory=FakeNode)
    machine: FakeMachine = field(default_factory=FakeMachine)
    bad: dict[str, float] = field(default_factory=dict)
    rates: dict[str, float] = field(default_factory=dict)
    served: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    reported: dict[str, float] = field(default_factory=dict)
    releases: dict[str, str] = field(default_factory=dict)
    _told: dict[str, float] = field(default_factory=dict)
    _owed: dict[str, float] = field(default_factory=dict)
    _past: deque[tuple[float, dict[str, GroupCounters]]] = field(default_factory=lambda: deque(maxlen=60))

    def split(self, place: str) -> Split:
        """The split in force."""
        known = self.node.environments.get(place)
        return known.split if known else EMPTY

    async def visitors(self, places: Sequence[Place], each_time: Callable[[], None]) -> None:
        """Requests come in, shared out by the split in force, until cancelled."""
        router = FakeRouter(self.node, self.clock.monotonic)
        while True:
            await asyncio.sleep(BEAT)
            for place in places:
                requests = round(self.rates[place.full] * BEAT)
                if requests and place.full in self.node.environments:
                    self._visit(router, place.full, requests)
            each_time()

    def _visit(self, router: FakeRouter, place: str, requests: int) -> None:
        shares = apportion(requests, router.split(place))
        bad = {group: self._fail(group, count) for group, count in shares.items()}
        for group, count in shares.items():
            self.served[group] = self.served.get(group, 0) + count
            self.failed[group] = self.failed.get(group, 0) + round(count * bad[group])
        router.serve(place, requests, bad)

    def _fail(self, group: str, count: int) -> float:
        owed = self._owed.get(group, 0.0) + count * self.bad.get(self.releases.get(group, ""), 0.0)
        self._owed[group] = owed - int(owed)
        return int(owed) / count

    def lied(self, counters: Mapping[str, GroupCounters], weather: Weather) -> dict[str, GroupCounters]:
        """The counters as they are told. Raises PluginError where they are missing."""
        now, true = self.clock.monotonic(), dict(counters)
        trouble = weather.metrics()
        if trouble is None:
            self._past.append((now, true))
            return true
        weather.disturb()
        match trouble.where:
            case "missing":
                raise PluginError("the metrics are missing")
            case "frozen":
                return self._past[-1][1] if self._past else {}
            case "late":
                self._past.append((now, true))
                since = max(trouble.at, now - 2.0)
                return next((then for at, then in reversed(self._past) if at <= since), {})
            case "nan":
                nan: int = math.nan  # type: ignore[assignment]
                return {group: replace(c, requests=nan, bad=nan) for group, c in true.items()}
        return true

    def report(self, counters: Mapping[str, GroupCounters]) -> None:
        """Somebody was told these: add up each group's requests, whatever was reset in between."""
        for group, counted in counters.items():
            requests, before = counted.requests, self._told.get(group, 0.0)
            if math.isfinite(requests):
                more = requests - before if requests >= before else requests
                self.reported[group] = self.reported.get(group, 0.0) + more
                self._told[group] = requests

    def forget(self) -> None:
        """The router forgets what it was given, marks and all."""
        self.node.environments.clear()

    def reset_counters(self) -> None:
        """The router lost what it had counted."""
        self.node.counters.clear()
        self._past.clear()

    def die(self, release: str, count: int) -> list[str]:
        """So many instances of a release end by themselves, the oldest."""
        mine = [
            name
            for name, instance in self.machine.instances.items()
            if instance.group.release == release and not instance.stopped and not self.dead(name)
        ][:count]
        for name in mine:
            self.machine.instances[name].forced = (Health.DEAD, "killed by SIGKILL")
            self._gone(name)
        return mine

    def _gone(self, name: str) -> None:
        """Ground truth, whatever is told later."""
        self.machine.instances[name].says.append("killed")

    def dead(self, name: str) -> bool:
        """Whether it has really ended."""
        instance = self.machine.instances[name]
        return instance.stopped or "killed" in instance.says

    def well(self, name: str) -> bool:
        """Whether it says now that it is healthy."""
        instance = self.machine.instances[name]
        if instance.stopped:
            return False
        return FakeTarget(self.machine).looks(name) is Health.HEALTHY

    def lie(self, what: str) -> list[str]:
        """Every instance says that it does so; a dead one that it is healthy."""
        told = {
            "unhealthy": (Health.UNHEALTHY, "GET /healthz answered 503"),
            "dead": (Health.DEAD, "no such process"),
            "healthy": (Health.HEALTHY, ""),
        }[what]
        liars = [name for name, instance in self.machine.instances.items() if not instance.stopped]
        for name in liars[: 1 + len(liars) // 2]:
            self.machine.instances[name].forced = told
        return liars

    def honest(self, names: Sequence[str]) -> None:
        """They say again how they do."""
        for name in names:
            instance = self.machine.instances.get(name)
            if instance is not None:
                instance.forced = (Health.DEAD, "killed by SIGKILL") if "killed" in instance.says else None


def placed(arguments: tuple[object, ...]) -> Effect | None:
    """The token among the arguments of a call."""
    return next((a for a in arguments if isinstance(a, Effect)), None)


__all__ = ["BEAT", "Instance", "Onlooker", "Outside", "SeenRouter", "SeenTarget", "placed"]
