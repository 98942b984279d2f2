"""A scheduler that runs what is ready in an order of its own, the same for the same seed, and can freeze a daemon."""

import asyncio
import contextvars
import heapq
import random
from collections import deque
from collections.abc import Callable
from typing import Any

from rollway.testing.clock import Stalled, VirtualTimeLoop

LIFE: contextvars.ContextVar[str] = contextvars.ContextVar("life")
"""Which life of a daemon a callback belongs to; tasks and timers inherit it from whoever made them."""

MOST_STEPS = 400_000
"""Callbacks of one world; one that needs more goes round in circles."""


class GoesInCircles(RuntimeError):
    """So much has been run that nothing will come of it."""


def _nothing(loop: asyncio.AbstractEventLoop) -> asyncio.Handle:
    handle = asyncio.Handle(lambda: None, (), loop)
    handle.cancel()
    return handle


class Ready(deque[asyncio.Handle]):
    """The ready queue of an event loop; who comes next is drawn. Those of a frozen life wait until it is thawed."""

    def __init__(self, loop: asyncio.AbstractEventLoop, chance: random.Random) -> None:
        super().__init__()
        self._idle = _nothing(loop)
        self._draw = chance.random
        self._waiting: list[asyncio.Handle] = []
        self._frozen: dict[str, list[asyncio.Handle]] = {}
        self._fuses: dict[str, tuple[int, Callable[[], None]]] = {}
        self.steps = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def append(self, handle: asyncio.Handle) -> None:
        """Add what is ready, unless its life is frozen."""
        if self._frozen and (held := self._frozen.get(_life(handle))) is not None:
            held.append(handle)
        else:
            self._waiting.append(handle)

    def popleft(self) -> asyncio.Handle:
        """Whoever is drawn."""
        waiting = self._waiting
        if not waiting:
            return self._idle
        place = int(self._draw() * len(waiting))
        handle, waiting[place] = waiting[place], waiting[-1]
        waiting.pop()
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise GoesInCircles(f"{MOST_STEPS} callbacks, and no end")
        return self._burn(handle) if self._fuses else handle

    def clear(self) -> None:
        """Forget everything."""
        self._waiting.clear()
        self._frozen.clear()

    def freeze(self, life: str) -> None:
        """From now on nothing of this life runs."""
        mine = [handle for handle in self._waiting if _life(handle) == life]
        self._waiting = [handle for handle in self._waiting if _life(handle) != life]
        self._frozen.setdefault(life, []).extend(mine)

    def thaw(self, life: str) -> None:
        """It goes on where it was."""
        self._waiting += self._frozen.pop(life, [])

    def thaw_all(self) -> None:
        """Nobody is frozen, and nobody will be."""
        self._fuses.clear()
        for life in list(self._frozen):
            self.thaw(life)

    def after(self, life: str, steps: int, does: Callable[[], None]) -> None:
        """Call this when so many more callbacks of the life have run: any place between two awaits."""
        self._fuses[life] = (steps, does)

    def _burn(self, handle: asyncio.Handle) -> asyncio.Handle:
        life = _life(handle)
        if life not in self._fuses:
            return handle
        left, does = self._fuses[life]
        if left:
            self._fuses[life] = (left - 1, does)
            return handle
        del self._fuses[life]
        self._waiting.append(handle)
        does()
        return self._idle


def _life(handle: asyncio.Handle) -> str:
    context: contextvars.Context = handle._context  # type: ignore[attr-defined]
    return context.get(LIFE, "")


class SeededLoop(VirtualTimeLoop):
    """Virtual time, and an order of callbacks that is drawn by `chance`.

    The ready queue and the timers of `asyncio.BaseEventLoop` are private, but the same since Python 3.4; a test says so if
    they change.
    """

    _scheduled: list[asyncio.TimerHandle]

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self.ready = Ready(self, chance)
        self._ready: deque[Any] = self.ready

    def _run_once(self) -> None:
        """As that of `BaseEventLoop`, without asking the system for files: a world has none, and half its time went there.

        Where nobody has anything to do and no timer is set, the outside is waited for as ever.
        """
        timers, ready = self._scheduled, self.ready
        while timers and timers[0].cancelled():
            heapq.heappop(timers)
        if not timers and not ready:
            super()._run_once()  # type: ignore[misc]
            return
        if not ready:
            self._jumping.passed = max(self._jumping.passed, timers[0].when())
        now = self._jumping.passed
        while timers and timers[0].when() <= now:
            ready.append(heapq.heappop(timers))
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle.cancelled():
                handle._run()


def spawn_outside(work: Any, name: str) -> "asyncio.Task[Any]":
    """A task that belongs to the world, not to the daemon that causes it: a message on its way."""
    return asyncio.get_running_loop().create_task(work, name=name, context=contextvars.Context())


__all__ = ["LIFE", "GoesInCircles", "Ready", "SeededLoop", "Stalled", "spawn_outside"]
