"""The alarm clock inside one daemon: nothing is stored, a starting daemon wakes what has not ended."""

import asyncio
import logging

from rollway.engine.codec import UnreadableEvent
from rollway.engine.ports import Advance, Clock
from rollway.store.protocol import StoreUnavailable

log = logging.getLogger(__name__)

LONGEST_NAP = 30.0
"""Seconds; a wait is looked at again at least so often, whatever the wall clock did meanwhile."""

NOW = float("-inf")
"""A time that is over, whatever the clock says."""

AFTER_AN_ERROR = 0.5
"""Seconds until something whose advance failed is looked at again."""


class MemoryAlarmClock:
    """One asyncio task for each id that has an alarm set, until `advance` says there is nothing more to wait for."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due: dict[str, float] = {}
        self._stirred: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._advance: Advance | None = None

    def wake_now(self, id_: str) -> None:
        """Ring at once; if it is being advanced now, again afterwards."""
        self.wake_at(id_, NOW)

    def wake_at(self, id_: str, at: float) -> None:
        """Ring at this time (unix seconds), or earlier if an earlier time is set."""
        self._due[id_] = min(at, self._due.get(id_, at))
        self._stir(id_)

    async def run(self, advance: Advance) -> None:
        """Serve until cancelled; then every task is cancelled too."""
        self._advance = advance
        for id_ in list(self._due):
            self._stir(id_)
        try:
            await asyncio.Event().wait()
        finally:
            self._advance = None
            tasks = list(self._tasks.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _stir(self, id_: str) -> None:
        """Whoever sleeps until its time looks again whether that has come earlier."""
        if self._advance is None:
            return
        if id_ in self._tasks:
            self._stirred[id_].set()
            return
        self._stirred[id_] = asyncio.Event()
        self._tasks[id_] = asyncio.create_task(self._serve(id_), name=f"advance {id_}")
        self._tasks[id_].add_done_callback(lambda _: self._served(id_))

    def _served(self, id_: str) -> None:
        del self._tasks[id_], self._stirred[id_]
        if id_ in self._due:
            self._stir(id_)

    async def _serve(self, id_: str) -> None:
        while id_ in self._due:
            if self._due[id_] > self._clock.now():
                await self._nap(id_)
            else:
                del self._due[id_]
                await self._once(id_)

    async def _nap(self, id_: str) -> None:
        stirred = self._stirred[id_]
        stirred.clear()
        left = min(self._due[id_] - self._clock.now(), LONGEST_NAP)
        nap = asyncio.ensure_future(self._clock.sleep(max(0.0, left)))
        stir = asyncio.ensure_future(stirred.wait())
        try:
            await asyncio.wait({nap, stir}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            nap.cancel()
            stir.cancel()

    async def _once(self, id_: str) -> None:
        if self._advance is None:
            return
        try:
            again = await self._advance(id_)
        except asyncio.CancelledError:  # ours, or of something within: it has not been looked at
            self._due[id_] = NOW if self._advance is None else self._clock.now() + AFTER_AN_ERROR
            raise
        except (StoreUnavailable, UnreadableEvent) as why:
            log.error("%s; trying again", str(why).rstrip("."), extra={"subject": id_})
            again = self._clock.now() + AFTER_AN_ERROR
        except Exception:  # the loop's top: whatever went wrong, it is looked at again
            log.exception("advance failed; trying again", extra={"subject": id_})
            again = self._clock.now() + AFTER_AN_ERROR
        if again is not None:
            self._due[id_] = min(again, self._due.get(id_, again))
