"""A target in memory that keeps the target's contract, remembers its calls and breaks on demand."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rollway.domain.effects import Effect, Token
from rollway.domain.instances import Group, Health, Instance
from rollway.domain.traffic import Address
from rollway.plugin.kinds import StaleToken
from rollway.testing.faults import Breakable


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How instances of a release do: counted in the observations of an instance, so that nothing depends on time.

    `healthy_after` observations said `starting` it is healthy, never where None; `dies_after` so many it is dead.
    `says` is its output, `trouble` the detail while it is not healthy.
    """

    healthy_after: int | None = 1
    dies_after: int | None = None
    says: tuple[str, ...] = ()
    trouble: str = "connection refused"


@dataclass(slots=True)
class FakeInstance:
    """One instance; `forced`, where set, is what it is whatever its release's behaviour says."""

    group: Group
    address: Address
    says: list[str]
    seen: int = 0
    forced: tuple[Health, str] | None = None
    stopped: bool = False


@dataclass(slots=True)
class FakeMachine:
    """What outlives a target object: give the same machine to a second `FakeTarget` to play a daemon's restart."""

    instances: dict[str, FakeInstance] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    starts: dict[str, int] = field(default_factory=dict)
    next_port: int = 20_000


class FakeTarget(Breakable):
    """The contract of `Target` without processes.

    `behave` says how a release does; `die`, `sicken` and `heal` act on one instance. `breaks` makes the next calls of
    a verb go wrong. `calls` is every call so far; `now` gives their times. `machine.starts` counts real starts by
    instance, which must never pass 1.
    """

    def __init__(self, machine: FakeMachine | None = None, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(now)
        self.machine = machine or FakeMachine()

    def behave(self, release: str, behaviour: Behaviour) -> None:
        """From now on every instance of this release does so, those that run already too."""
        self.machine.behaviours[release] = behaviour

    def die(self, instance: str, detail: str = "killed by SIGKILL") -> None:
        """It ends by itself."""
        self.machine.instances[instance].forced = (Health.DEAD, detail)

    def sicken(self, instance: str, detail: str = "GET /healthz answered 503") -> None:
        """It runs and is not healthy until `heal`."""
        self.machine.instances[instance].forced = (Health.UNHEALTHY, detail)

    def heal(self, instance: str) -> None:
        """It does again as its release does."""
        self.machine.instances[instance].forced = None

    def looks(self, instance: str) -> Health:
        """How it would be observed now, without counting as an observation."""
        return self._look(instance, self.machine.instances[instance]).health

    def alive(self, group: str | None = None) -> list[str]:
        """The ids of what runs on the machine, of one group or all, in the order of their start."""
        return [
            name
            for name, instance in self.machine.instances.items()
            if not instance.stopped
            and group in (None, instance.group.id)
            and self._look(name, instance).health is not Health.DEAD
        ]

    async def open(self) -> None:
        """Begin; what runs on the machine is known at once."""
        await self._call("open", lambda: None)

    async def close(self) -> None:
        """End; what runs goes on."""
        await self._call("close", lambda: None)

    async def start(self, group: Group, instance: str, effect: Effect) -> None:
        """As `Target.start`."""
        await self._call("start", lambda: self._start(group, instance, effect), group, instance, effect)

    async def stop(self, group: Group, instance: str, effect: Effect, *, hard: bool = False) -> None:
        """As `Target.stop`."""
        await self._call("stop", lambda: self._stop(group, instance, effect), group, instance, effect, hard)

    async def observe(self, place: str) -> Sequence[Instance]:
        """As `Target.observe`; counts as one observation of each instance listed."""
        await self._call("observe", lambda: None, place)
        return [self._observe(name, instance) for name, instance in self._listed(place)]

    async def output(self, place: str, instance: str, lines: int = 20) -> Sequence[str]:
        """As `Target.output`."""
        await self._call("output", lambda: None, place, instance, lines)
        known = self.machine.instances.get(instance)
        return known.says[-lines:] if known and known.group.place == place and lines > 0 else []

    async def forget(self, group: str, effect: Effect) -> None:
        """As `Target.forget`."""
        await self._call("forget", lambda: self._forget(group, effect), group, effect)

    def _check(self, place: str, effect: Effect) -> None:
        last = self.machine.tokens.get(place)
        if last is not None and effect.token < last:
            raise StaleToken(f"{place}: {effect.token} is lower than {last}, the last seen")
        self.machine.tokens[place] = effect.token

    def _start(self, group: Group, instance: str, effect: Effect) -> None:
        self._check(group.place, effect)
        if instance in self.machine.instances:
            return
        self.machine.next_port += 1
        self.machine.places[group.id] = group.place
        self.machine.starts[instance] = self.machine.starts.get(instance, 0) + 1
        self.machine.instances[instance] = FakeInstance(
            group,
            Address("127.0.0.1", self.machine.next_port),
            list(self._behaviour(group).says),
        )

    def _stop(self, group: Group, instance: str, effect: Effect) -> None:
        self._check(group.place, effect)
        if instance in self.machine.instances:
            self.machine.instances[instance].stopped = True

    def _forget(self, group: str, effect: Effect) -> None:
        place = self.machine.places.get(group)
        if place is None:
            return
        self._check(place, effect)
        del self.machine.places[group]
        for name in [n for n, i in self.machine.instances.items() if i.group.id == group]:
            del self.machine.instances[name]

    def _listed(self, place: str) -> list[tuple[str, FakeInstance]]:
        return [(n, i) for n, i in self.machine.instances.items() if i.group.place == place and not i.stopped]

    def _behaviour(self, group: Group) -> Behaviour:
        return self.machine.behaviours.get(group.release, Behaviour())

    def _observe(self, name: str, instance: FakeInstance) -> Instance:
        found = self._look(name, instance)
        instance.seen += 1
        return found

    def _look(self, name: str, instance: FakeInstance) -> Instance:
        health, detail = instance.forced or self._course(instance)
        return Instance(name, instance.group.id, health, instance.address, detail)

    def _course(self, instance: FakeInstance) -> tuple[Health, str]:
        course = self._behaviour(instance.group)
        if course.dies_after is not None and instance.seen >= course.dies_after:
            return Health.DEAD, "exited with code 1"
        if course.healthy_after is not None and instance.seen >= course.healthy_after:
            return Health.HEALTHY, ""
        return Health.STARTING, course.trouble
