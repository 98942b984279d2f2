"""A whole daemon without a daemon: engine and use cases on a store, a target and a router in memory, in virtual time."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue

from rollway.api import Descriptor, MonitorDescriptor
from rollway.domain import events as e
from rollway.domain.environment import EnvironmentState
from rollway.domain.names import environment_stream
from rollway.domain.rollout import RolloutState
from rollway.domain.split import WHOLE, Split
from rollway.engine.alarm import MemoryAlarmClock
from rollway.engine.artifacts import ArtifactFolder
from rollway.engine.engine import Engine
from rollway.engine.journal import Journal
from rollway.engine.leases import Leases
from rollway.engine.nodes import PluginsAtWork
from rollway.engine.ownership import Ownership, Sole
from rollway.engine.service import Service, World
from rollway.engine.usecases import NewRelease, NewRollout
from rollway.plugin.registry import Loaded, Origin, Registry
from rollway.store import Json, Member, StoreUnavailable
from rollway.testing.clock import VirtualClock, VirtualIdentifiers
from rollway.testing.fake_router import FakeNode, FakeRouter, apportion
from rollway.testing.fake_target import FakeMachine, FakeTarget
from rollway.testing.memory_store import MemoryStore
from rollway_monitors.error_rate import error_rate
from rollway_strategies.all_at_once import all_at_once
from rollway_strategies.canary import canary

PLACE = "shop/prod"
ADA = "user:ada"
CONTENT = b"the artifact of every release"
DIGEST = "sha256:" + hashlib.sha256(CONTENT).hexdigest()
BEAT = 0.1
"""Virtual seconds between two bursts of visitors."""
NOTICED = 0.6
"""Seconds within which a new instance is seen and routed to, at the slowest."""


class Settings(BaseModel):
    """Settings of the fakes."""

    model_config = ConfigDict(extra="forbid")

    instances: int = 1
    drain: float = 2.0


def settings(*steps: Json, instances: int = 2, monitors: Sequence[Json] = ()) -> Json:
    """A deploy.yaml of shop with the environment prod; without steps: 25 % for 10 s."""
    environment: Json = {
        "target": {"use": "fake", "instances": instances},
        "router": {"use": "fake"},
        "strategy": {
            "use": "canary",
            "steps": list[JsonValue](steps) or [{"weight": "25%", "hold": "10s"}],
        },
        "monitors": list[JsonValue](monitors) or [{"use": "error-rate"}],
    }
    return {"version": 1, "application": "shop", "environments": {"prod": environment}}


class RemoteStore(MemoryStore):
    """The store as a daemon has it: each call takes a while there and back, and it may be out of reach."""

    way = 0.002
    """Virtual seconds in each direction."""
    down = False

    def __init__(self, kept: MemoryStore) -> None:
        super().__init__()
        self._kept = kept.again()._kept  # the same data, over a longer way


def _over_the_way(verb: str) -> Callable[..., Awaitable[object]]:
    there = getattr(MemoryStore, verb)

    async def call(self: RemoteStore, *arguments: object, **named: object) -> object:
        await asyncio.sleep(self.way)
        if self.down:
            raise StoreUnavailable("the disk is full", "make room")
        answer = await there(self, *arguments, **named)
        await asyncio.sleep(self.way)
        return answer

    return call


for _verb in (
    "append",
    "read",
    "summaries",
    "raise_epoch",
    "record_measurements",
    "measurements",
    "recall",
    "value",
    "beat",
    "take_leases",
    "drop_leases",
    "leave",
    "strike_off",
    "heads",
):
    setattr(RemoteStore, _verb, _over_the_way(_verb))


@dataclass
class Scene:
    """What outlives a daemon: the store's data, the node with its router, the machine with its instances, visitors.

    `rate` is in requests a second, `bad` the share of each release's answers that fail.
    """

    folder: Path
    clock: VirtualClock = field(default_factory=VirtualClock)
    store: MemoryStore = field(default_factory=MemoryStore)
    node: FakeNode = field(default_factory=FakeNode)
    machine: FakeMachine = field(default_factory=FakeMachine)
    ids: VirtualIdentifiers = field(default_factory=VirtualIdentifiers)
    rate: float = 500.0
    bad: dict[str, float] = field(default_factory=dict)
    served: dict[str | None, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    monitors: Sequence[MonitorDescriptor] = ()
    noticed: float = NOTICED
    _owed: dict[str, float] = field(default_factory=dict)
    _lost: dict[str, int] = field(default_factory=dict)

    async def visitors(self) -> None:
        """Requests come in, shared out by the split in force, until cancelled."""
        router = FakeRouter(self.node)
        while True:
            await asyncio.sleep(BEAT)
            self._check()
            requests = round(self.rate * BEAT)
            if requests and PLACE in self.node.environments:
                shares = apportion(requests, router.split(PLACE))
                bad = {group: self._fail(group, count) for group, count in shares.items()}
                for who, count in router.serve(PLACE, requests, bad).items():
                    release = self.release_of(who) if who else None
                    self.served[release] = self.served.get(release, 0) + count

    def _fail(self, group: str, count: int) -> float:
        owed = self._owed.get(group, 0.0) + count * self.bad.get(self.release_of(group), 0.0)
        self._owed[group] = owed - int(owed)
        return int(owed) / count

    def release_of(self, group: str) -> str:
        """Which release a routed group runs."""
        known = self.node.environments[PLACE].routing.groups
        return next(g.release for g in known if g.id == group)

    def _check(self) -> None:
        """What must hold at every moment, whoever lives."""
        self.problems += [f"{i} started {n} times" for i, n in self.machine.starts.items() if n > 1]
        split = FakeRouter(self.node).split(PLACE)
        if split.shares and sum(split.shares.values()) != WHOLE:
            self.problems.append(f"split {split}")
        environment = self.node.environments.get(PLACE)
        for group in environment.routing.groups if environment else ():
            well = [
                i
                for i in self.machine.instances.values()
                if i.group.id == group.id and not i.stopped and i.forced is None
            ]
            lost = split.of(group.id) and well and not group.endpoints
            self._lost[group.id] = self._lost.get(group.id, 0) + 1 if lost else 0
            if self._lost[group.id] * BEAT > self.noticed:
                self.problems.append(f"{group.release} has {split.of(group.id)} and nobody to answer it")

    @property
    def split(self) -> dict[str, int]:
        """The split in force, by release, nothing left out but zeros."""
        shares = FakeRouter(self.node).split(PLACE).shares
        return {self.release_of(group): share for group, share in shares.items() if share}

    @asynccontextmanager
    async def daemon(self, member: str | None = None) -> AsyncIterator["Daemon"]:
        """One life of a daemon; on leaving it, it is killed: nothing more is written, not even what it knew.

        With a `member`'s id it shares the store with others.
        """
        daemon = Daemon(self, RemoteStore(self.store), member)
        running = asyncio.create_task(daemon.engine.run())
        try:
            yield daemon
        finally:
            await daemon.kill(running)


class Daemon:
    """One life: an engine with its use cases."""

    def __init__(self, scene: Scene, store: RemoteStore, member: str | None = None) -> None:
        self.scene, self.store, self.clock = scene, store, scene.clock
        self.target = FakeTarget(scene.machine, scene.clock.now)
        self.router = FakeRouter(scene.node, scene.clock.now)
        self.registry = registry(self.target, self.router, scene.monitors)
        self.plugins = PluginsAtWork(self.registry, scene.folder / "node", "here")
        self.journal = Journal(store, scene.clock, "here")
        self.ownership: Ownership = Sole("here:1")
        if member is not None:
            self.ownership = Leases(store, scene.clock, Member(member, f"node of {member}", "", "1.0"))
        self.engine = Engine(
            store=store,
            journal=self.journal,
            alarm=MemoryAlarmClock(scene.clock),
            clock=scene.clock,
            identifiers=scene.ids,
            plugins=self.plugins,
            ownership=self.ownership,
        )
        self.artifacts = ArtifactFolder(scene.folder / "artifacts")
        self.service = Service(
            World(store, self.journal, self.engine, self.artifacts, self.registry, scene.clock, scene.ids)
        )

    async def kill(self, running: asyncio.Task[None]) -> None:
        """As kill -9: no task of it goes on, and nothing is written on the way out."""
        await self.store.aclose()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await self.engine.close()

    async def apply(self, document: Json | None = None) -> None:
        """The application, its artifact put."""
        await self.service.put_artifact(DIGEST, _chunks())
        await self.service.apply("shop", document or settings(), ADA)

    async def deploy(self, release: str, key: str | None = None, **more: object) -> str:
        """A release goes out; the rollout's id."""
        await self.service.register(NewRelease("shop", release, DIGEST), ADA)
        view = await self.service.start(NewRollout("shop", "prod", release, **more), ADA, key)  # type: ignore[arg-type]
        return view.state.id

    async def state(self, rollout: str) -> RolloutState:
        """What the log says of it."""
        return (await self.service.rollout(rollout)).state

    async def environment(self) -> EnvironmentState:
        """What the log says of the environment."""
        return await self.journal.environment(PLACE)

    async def ended(self, rollout: str, within: float = 600.0) -> RolloutState:
        """The state once it has ended."""
        return await self.until(rollout, lambda state: state.phase.ended, within)

    async def until(
        self, rollout: str, condition: Callable[[RolloutState], bool], within: float = 600.0
    ) -> RolloutState:
        """The state once it fits."""

        async def fits() -> bool:
            return condition(await self.state(rollout))

        try:
            await self.clock.until(fits, within)
        except TimeoutError:
            raise AssertionError(f"not so within {within:g} s: {await self.state(rollout)}") from None
        return await self.state(rollout)

    async def events(self, rollout: str) -> list[e.Event]:
        """The rollout's log."""
        return [fact.event for fact in await self.service.facts(rollout)]

    async def environment_events(self) -> list[e.Event]:
        """The environment's log."""
        return [fact.event for fact in await self.journal.facts(environment_stream("shop", "prod"))]

    def when(
        self, rollout: str, condition: Callable[[RolloutState], bool], does: Callable[[], object]
    ) -> None:
        """Do something the moment the log of this rollout first fits, before the engine goes on."""
        done: list[bool] = []

        def look(_: str) -> None:
            state = self.journal.known(rollout)
            if not done and state is not None and condition(state):
                done.append(True)
                does()

        self.journal.on_change(look)

    async def stable(self, release: str = "v1") -> str:
        """This release, promoted as the first here."""
        await self.apply()
        rollout = await self.deploy(release)
        assert (await self.ended(rollout)).phase == "promoted"
        return rollout

    async def at_rest(self) -> EnvironmentState:
        """The environment once every retired group is gone."""

        async def quiet() -> bool:
            state = await self.environment()
            groups = state.groups.values()
            return state.rollout is None and all(g.retired_at is None for g in groups)

        await self.clock.until(quiet)
        return await self.environment()


def registry(target: FakeTarget, router: FakeRouter, monitors: Sequence[MonitorDescriptor] = ()) -> Registry:
    """The fakes as plugins beside the real strategies and monitor."""
    origin = Origin("fakes", "tests", "0")
    weights = frozenset({"weights"})
    offered: Mapping[str, Sequence[Descriptor[Any]]] = {
        "target": [Descriptor(name="fake", settings=Settings, factory=lambda _: target)],
        "router": [
            Descriptor(name="fake", settings=Settings, factory=lambda _: router, capabilities=weights)
        ],
        "strategy": [canary, all_at_once],
        "monitor": [error_rate, *monitors],
    }
    return Registry({
        (kind, each.name): Loaded(kind, each, origin) for kind, found in offered.items() for each in found
    })  # fmt: skip


async def _chunks() -> AsyncIterator[bytes]:
    yield CONTENT


def of(events: Iterable[e.Event], *kinds: type) -> list[e.Event]:
    """Those of these types."""
    return [event for event in events if isinstance(event, kinds)]


def names(events: Iterable[e.Event]) -> list[str]:
    """Their types."""
    return [type(event).__name__ for event in events]


def lowered_after(daemon: Daemon, at: float) -> Split | None:
    """What the first router act after this time left in force, if it was a lowering."""
    acts = [c for c in daemon.router.calls if c.at >= at and c.verb in ("lower", "reconcile", "sever")]
    return daemon.router.split(PLACE) if acts and acts[0].verb == "lower" else None
