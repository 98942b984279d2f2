"""One life of a daemon: the real engine and the real use cases, between simulated things, until it is killed."""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from rollway.engine.alarm import MemoryAlarmClock
from rollway.engine.artifacts import ArtifactFolder
from rollway.engine.engine import Engine
from rollway.engine.journal import Journal
from rollway.engine.leases import Leases
from rollway.engine.nodes import PluginsAtWork
from rollway.engine.ownership import Ownership, Sole
from rollway.engine.service import Service
from rollway.engine.service import World as Parts
from rollway.store.protocol import Member, Store
from rollway.testing.clock import VirtualClock, VirtualIdentifiers
from rollway.testing.simulation.chronicle import Chronicle
from rollway.testing.simulation.loop import LIFE, Ready
from rollway.testing.simulation.outside import Onlooker, Outside, SeenRouter, SeenTarget
from rollway.testing.simulation.plugins import registry
from rollway.testing.simulation.scenario import ANY
from rollway.testing.simulation.weather import Weather
from rollway.testing.simulation.wire import Wire, far

Result = TypeVar("Result")


@dataclass
class Surroundings:
    """What every life in a world has around it."""

    folder: Path
    clock: VirtualClock
    ids: VirtualIdentifiers
    outside: Outside
    weather: Weather
    chronicle: Chronicle
    ready: Ready
    onlooker: Onlooker
    looked: Callable[[str], None]
    crashes: dict[tuple[int, str, bool], Callable[["Life"], None]] = field(default_factory=dict)


class Life:
    """A daemon from its start until it is killed; `name` is unique in the world."""

    def __init__(
        self,
        around: Surroundings,
        name: str,
        daemon: int,
        store: Store,
        *,
        alone: bool = True,
        cut: Callable[[], None] = lambda: None,
    ) -> None:
        self.name, self.daemon = name, daemon
        self.dead = self.frozen = False
        self._around = around
        self._cut = cut
        self._context = contextvars.Context()
        self._context.run(LIFE.set, name)
        self.store = far(store, self._wire("store"))
        now = around.clock.monotonic
        router = SeenRouter(name, around.outside, around.onlooker, around.weather, now)
        target = SeenTarget(name, around.outside.machine, around.onlooker, now)
        plugins = registry(far(target, self._wire("target")), far(router, self._wire("router")))
        self.journal = Journal(self.store, around.clock, f"node-{daemon}")
        self.ownership: Ownership = Sole(name)
        if not alone:
            self.ownership = Leases(self.store, around.clock, Member(name, f"node-{daemon}", "", "0"))
        self.engine = Engine(
            store=self.store,
            journal=self.journal,
            alarm=MemoryAlarmClock(around.clock),
            clock=around.clock,
            identifiers=around.ids,
            plugins=PluginsAtWork(plugins, around.folder / "node", f"node-{daemon}"),
            ownership=self.ownership,
        )
        self.service = Service(
            Parts(
                self.store,
                self.journal,
                self.engine,
                ArtifactFolder(around.folder / "artifacts"),
                plugins,
                around.clock,
                around.ids,
            )
        )
        self._never = asyncio.Event()
        self.running: asyncio.Task[None] | None = None

    def _wire(self, outside: str) -> Wire:
        return Wire(outside, self, self._around.weather)

    def begin(self) -> None:
        """The daemon starts; one that cannot read its store ends, and is started again after a while."""
        self.told("begins")
        self.running = self.spawn(self._run(), f"engine of {self.name}")

    async def _run(self) -> None:
        while True:
            try:
                await self.engine.run()
            except Exception as error:  # as systemd does: it is started again
                self.told(f"ends: {error}")
                await self._around.clock.sleep(0.5)

    def spawn(self, work: Coroutine[Any, Any, Result], name: str) -> "asyncio.Task[Result]":
        """A task of this life."""
        context = self._context.copy()
        return asyncio.get_running_loop().create_task(work, name=name, context=context)

    def told(self, what: str) -> None:
        """One line for the chronicle."""
        self._around.chronicle.say(self.name, what)

    def did(self, outside: str) -> None:
        """See `wire.Caller.did`."""
        if outside == "store":
            self._around.looked(self.name)

    def kill(self) -> None:
        """As kill -9: nothing of it runs any more."""
        self.told("is killed")
        self.dead = True
        self._cut()
        self._around.ready.freeze(self.name)

    def freeze(self) -> None:
        """As SIGSTOP."""
        self.told("is frozen")
        self.frozen = True
        self._around.ready.freeze(self.name)

    def thaw(self) -> None:
        """As SIGCONT: it goes on in the middle of whatever it was at."""
        if not self.dead:
            self.told("wakes up")
            self.frozen = False
            self._around.ready.thaw(self.name)

    async def crash_in(self, call: str, *, done: bool) -> None:
        """See `wire.Caller.crash_in`."""
        crashes = self._around.crashes
        stop = crashes.pop((self.daemon, call, done), None) or crashes.pop((ANY, call, done), None)
        if stop is not None:
            self.told(f"stops in {call}, {'after' if done else 'before'} it is done")
            stop(self)
            if self.dead:
                await self._never.wait()
            await asyncio.sleep(0)  # frozen: it goes on from here, some time
