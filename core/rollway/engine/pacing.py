"""Monitors with a pace of their own: asked beside the others, who never wait for them."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import TypeAlias

from rollway.evidence.counts import Reading, Value
from rollway.plugin.kinds import Tick

DEADLINE = 5.0
"""Seconds that an answer may take at least; one that takes longer than two intervals is none."""

Ask: TypeAlias = Callable[[str, Tick, float], Coroutine[object, object, Reading | Value | None]]
"""One sample of the monitor with this name, within so many seconds; None where it cannot be had."""


class Paced:
    """Asks each monitor every `intervals[name]` seconds, one sample at a time."""

    def __init__(self, intervals: Mapping[str, float], ask: Ask) -> None:
        self._intervals = intervals
        self._ask = ask
        self._asked_at: dict[str, float] = {}
        self._asking: dict[str, asyncio.Task[Reading | Value | None]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._intervals

    def interval(self, name: str) -> float | None:
        """Seconds between its samples; None for a monitor without a pace of its own."""
        return self._intervals.get(name)

    def ask(self, tick: Tick, monotonic: float) -> None:
        """Begin a sample of each that is due and not being asked."""
        for name, interval in self._intervals.items():
            last = self._asked_at.get(name)
            if name not in self._asking and (last is None or monotonic - last >= interval):
                self._asked_at[name] = monotonic
                work = self._ask(name, tick, max(DEADLINE, 2 * interval))
                self._asking[name] = asyncio.create_task(work, name=f"sample of {name}")

    def answers(self) -> Iterator[tuple[str, Reading | Value | None]]:
        """What came since the last call."""
        for name in [name for name, task in self._asking.items() if task.done()]:
            yield name, self._asking.pop(name).result()

    def close(self) -> None:
        """Nobody waits for an answer any more."""
        for task in self._asking.values():
            task.cancel()
        self._asking.clear()
