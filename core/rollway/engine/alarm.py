"""The alarm clock inside one daemon: nothing is stored, a starting daemon wakes what has not ended."""

import asyncio
import contextvars
import logging
from collections.abc import Callable
from heapq import heapify, heappop, heappush

from rollway.engine.codec import UnreadableEvent
from rollway.engine.ports import Advance, Clock
from rollway.store.protocol import StoreUnavailable

log = logging.getLogger(__name__)

LONGEST_NAP = 30.0
"""Seconds; a wait is looked at again at least so often, whatever the wall clock did meanwhile."""

NOW = float("-inf")
"""A time that is over, whatever the clock says."""

NEVER = float("inf")

SLACK = 1000
"""Times that nobody waits for any more, beyond as many as are waited for, before they are cleared away."""

AFTER_AN_ERROR = 0.5
"""Seconds until something whose advance failed is looked at again."""

Acted = Callable[[float], None]
"""Is told, after each look, the seconds from when it was due to when all of it was done."""


class MemoryAlarmClock:
    """A task for each id that is being advanced, one timer for all that wait."""

    def __init__(self, clock: Clock, acted: Acted = lambda _: None) -> None:
        self._clock = clock
        self._acted = acted
        self._due: dict[str, float] = {}
        self._woken: dict[str, float] = {}
        self._waiting: list[tuple[float, str]] = []
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._earlier = asyncio.Event()
        self._advance: Advance | None = None
        self._context = contextvars.Context()

    def wake_now(self, id_: str) -> None:
        """Ring at once; if it is being advanced now, again afterwards."""
        self._set(id_, NOW)

    def wake_at(self, id_: str, at: float) -> None:
        """Ring at this time (unix seconds), or earlier if an earlier time is set."""
        self._set(id_, at)

    async def run(self, advance: Advance) -> None:
        """Serve until cancelled; then every task is cancelled too."""
        self._advance, self._context = advance, contextvars.copy_context()
        for id_, at in self._due.items():
            heappush(self._waiting, (at, id_))
        try:
            while True:
                await self._nap(self._ring())
        finally:
            self._advance = None
            self._waiting.clear()
            tasks = list(self._tasks.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _set(self, id_: str, at: float) -> None:
        if at >= self._due.get(id_, NEVER):
            return
        self._due[id_] = at
        if at == NOW and self._advance is not None:
            self._woken[id_] = self._clock.monotonic()
        if id_ not in self._tasks:
            self._queue(id_, at)

    def _queue(self, id_: str, at: float) -> None:
        """Have it rung at its time; whoever naps for longer is told."""
        if self._advance is None:
            return
        if at == NOW:
            self._begin(id_)
            return
        if len(self._waiting) > 2 * len(self._due) + SLACK:
            self._waiting = [(at, id_) for id_, at in self._due.items() if id_ not in self._tasks]
            heapify(self._waiting)
        else:
            heappush(self._waiting, (at, id_))
        if self._waiting[0][0] == at:
            self._earlier.set()

    def _ring(self) -> float:
        """Begin with all that is due; the seconds until the next is."""
        now = self._clock.now()
        while self._waiting:
            at, id_ = self._waiting[0]
            if at > now:
                return min(at - now, LONGEST_NAP)
            heappop(self._waiting)
            if id_ not in self._tasks and self._due.get(id_, NEVER) <= now:  # else it was rung, or will be
                self._begin(id_)
        return LONGEST_NAP

    def _begin(self, id_: str) -> None:
        # In a context of the clock's own: whoever woke it may be at work for something else.
        context = self._context.copy()
        task = asyncio.get_running_loop().create_task(self._serve(id_), context=context)
        self._tasks[id_] = task
        task.add_done_callback(lambda _: self._served(id_))

    def _served(self, id_: str) -> None:
        del self._tasks[id_]
        if id_ in self._due:
            self._queue(id_, self._due[id_])

    async def _nap(self, seconds: float) -> None:
        self._earlier.clear()
        nap = asyncio.ensure_future(self._clock.sleep(seconds))
        earlier = asyncio.ensure_future(self._earlier.wait())
        try:
            await asyncio.wait({nap, earlier}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            nap.cancel()
            earlier.cancel()

    async def _serve(self, id_: str) -> None:
        while (due := self._due.get(id_, NEVER)) <= (now := self._clock.now()):
            del self._due[id_]
            began = self._clock.monotonic()
            since = self._woken.pop(id_, began) if due == NOW else began - (now - due)
            await self._once(id_)
            self._acted(self._clock.monotonic() - since)

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
