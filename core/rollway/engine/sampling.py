"""One reading of each router for everybody who watches: every 250 ms while a rollout runs, every second otherwise."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from structlog.contextvars import bind_contextvars

from rollway.domain.traffic import GroupCounters
from rollway.engine.effects import Trouble, call
from rollway.engine.ports import Clock
from rollway.plugin.kinds import Router

log = logging.getLogger(__name__)

FAST = 0.25
SLOW = 1.0
READ_DEADLINE = 2.0

Counters = Mapping[str, GroupCounters]
Watcher = Callable[[Counters | None], Awaitable[None]]
"""Called with each reading, counters by group id; None where it could not be had."""


class Sampler:
    """Reads the counters of every router in use and hands them to the watchers, who never wait for one another."""

    def __init__(self, clock: Clock, routers: Callable[[], Mapping[str, Router]]) -> None:
        self._clock = clock
        self._routers = routers
        self._watchers: dict[str, tuple[str, Watcher]] = {}
        self._resting: list[Callable[[str, Counters], None]] = []
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._hurry = asyncio.Event()

    def watch(self, rollout: str, router: str, watcher: Watcher) -> None:
        """Hand this rollout every reading of its router from now on."""
        self._watchers[rollout] = (router, watcher)
        self._hurry.set()

    def unwatch(self, rollout: str) -> None:
        """No more readings for this rollout."""
        self._watchers.pop(rollout, None)
        task = self._under_way.pop(rollout, None)
        if task is not None:
            task.cancel()

    def on_reading(self, told: Callable[[str, Counters], None]) -> None:
        """Be told each reading of each router (name, counters), also at rest."""
        self._resting.append(told)

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            began = self._clock.monotonic()
            try:
                await self._round()
            except Exception:  # the loop's top: the next round reads again
                log.exception("a reading failed")
            await self._pause(began)

    async def _pause(self, began: float) -> None:
        interval = FAST if self._watchers else SLOW
        left = max(0.0, began + interval - self._clock.monotonic())
        self._hurry.clear()
        if self._watchers:
            await self._clock.sleep(left)
            return
        try:
            async with asyncio.timeout(left):
                await self._hurry.wait()
        except TimeoutError:
            return

    async def _round(self) -> None:
        routers = self._routers()
        readings = await asyncio.gather(*(self._read(name, router) for name, router in routers.items()))
        by_name = dict(zip(routers, readings, strict=True))
        for name, reading in by_name.items():
            if reading is not None:
                for told in self._resting:
                    told(name, reading)
        for rollout, (router, watcher) in list(self._watchers.items()):
            self._hand(rollout, watcher, by_name.get(router))

    async def _read(self, name: str, router: Router) -> Counters | None:
        try:
            return await call(f"router {name}", router.counters(), READ_DEADLINE, name)
        except Trouble as trouble:
            log.debug("no reading: %s", trouble)
            return None

    def _hand(self, rollout: str, watcher: Watcher, counters: Counters | None) -> None:
        """One reading at a time for each rollout: the next covers the gap where a monitor is slow."""
        before = self._under_way.get(rollout)
        if before is not None and not before.done():
            return
        self._under_way[rollout] = asyncio.create_task(
            self._guarded(rollout, watcher, counters), name=f"sample {rollout}"
        )

    async def _guarded(self, rollout: str, watcher: Watcher, counters: Counters | None) -> None:
        bind_contextvars(rollout=rollout)  # until this task ends
        try:
            await watcher(counters)
        except Exception:  # the loop's top: one rollout's sampling takes no other's with it
            log.exception("sampling failed")
