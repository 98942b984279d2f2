"""The alarm clock inside one daemon: nothing is stored, a starting daemon wakes what has not ended."""

import asyncio
import logging

from rollway.engine.ports import Advance, Clock

log = logging.getLogger(__name__)

LONGEST_NAP = 30.0
"""Seconds; a wait is looked at again at least so often, whatever the wall clock did meanwhile."""

AFTER_AN_ERROR = 0.5
"""Seconds until something whose advance failed is looked at again."""


class MemoryAlarmClock:
    """One asyncio task for each id that was ever woken, until `advance` says there is nothing more to wait for."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rung: dict[str, asyncio.Event] = {}
        self._times: dict[str, float] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._advance: Advance | None = None

    def wake_now(self, id_: str) -> None:
        """Ring at once; if it is being advanced now, again afterwards."""
        self._rung.setdefault(id_, asyncio.Event()).set()
        self._start(id_)

    def wake_at(self, id_: str, at: float) -> None:
        """Ring at this time (unix seconds), or earlier if an earlier time is set."""
        self._times[id_] = min(at, self._times.get(id_, at))
        if self._times[id_] <= self._clock.now():
            self.wake_now(id_)
        else:
            self._start(id_)

    async def run(self, advance: Advance) -> None:
        """Serve until cancelled; then every task is cancelled too."""
        self._advance = advance
        for id_ in [*self._rung, *self._times]:
            self._start(id_)
        try:
            await asyncio.Event().wait()
        finally:
            self._advance = None
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
            self._tasks.clear()

    def _start(self, id_: str) -> None:
        if self._advance is None or id_ in self._tasks:
            return
        self._rung.setdefault(id_, asyncio.Event())
        self._tasks[id_] = asyncio.create_task(self._serve(id_), name=f"advance {id_}")

    async def _serve(self, id_: str) -> None:
        rung = self._rung[id_]
        try:
            while rung.is_set() or id_ in self._times:
                await self._nap(id_, rung)
                if rung.is_set() or self._times.get(id_, float("inf")) <= self._clock.now():
                    rung.clear()
                    self._times.pop(id_, None)
                    await self._once(id_)
        finally:
            self._tasks.pop(id_, None)
            if not rung.is_set() and id_ not in self._times:
                self._rung.pop(id_, None)

    async def _nap(self, id_: str, rung: asyncio.Event) -> None:
        if rung.is_set():
            return
        left = min(max(0.0, self._times[id_] - self._clock.now()), LONGEST_NAP)
        nap = asyncio.ensure_future(self._clock.sleep(left))
        ring = asyncio.ensure_future(rung.wait())
        try:
            await asyncio.wait({nap, ring}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            nap.cancel()
            ring.cancel()

    async def _once(self, id_: str) -> None:
        if self._advance is None:
            return
        try:
            again = await self._advance(id_)
        except Exception:  # the loop's top: whatever went wrong, it is looked at again
            log.exception("advance failed; trying again", extra={"subject": id_})
            again = self._clock.now() + AFTER_AN_ERROR
        if again is not None:
            self._times[id_] = min(again, self._times.get(id_, again))
