"""A monitor in memory: it reads the router's counters, says what it is told to, and breaks on demand."""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping

from rollway.domain.traffic import GroupCounters
from rollway.domain.words import CANARY, STABLE
from rollway.errors import PluginError
from rollway.evidence.counts import Counts, Reading, Value
from rollway.evidence.specification import Comparison, Specification
from rollway.plugin.kinds import Tick
from rollway.testing.faults import Fault


class FakeMonitor:
    """The contract of `Monitor` without a source: the counters of both groups, unless `says` gave something else.

    `breaks` makes the next samples go wrong. `ticks` is every tick so far.
    """

    def __init__(self, specification: Specification | None = None) -> None:
        self._specification = specification or Comparison()
        self.ticks: list[Tick] = []
        self._said: deque[Reading | Value | None] = deque()
        self._faults: deque[Fault] = deque()

    @property
    def specification(self) -> Specification:
        """Which judge reads it."""
        return self._specification

    def says(self, readings: Iterable[Reading | Value | None]) -> None:
        """The next samples, one each."""
        self._said.extend(readings)

    def breaks(self, fault: Fault = Fault.FAIL, times: int = 1) -> None:
        """The next so many samples go wrong: they fail, or hang until they are cancelled."""
        self._faults.extend([fault] * times)

    async def sample(self, tick: Tick) -> Reading | Value | None:
        """As `Monitor.sample`."""
        self.ticks.append(tick)
        fault = self._faults.popleft() if self._faults else None
        await asyncio.sleep(0)
        if fault in (Fault.HANG, Fault.LATE):
            await asyncio.Event().wait()
        if fault is not None:
            raise PluginError("sample was told to fail")
        if self._said:
            return self._said.popleft()
        return None if tick.counters is None else _reading(tick.counters)


def _reading(counters: Mapping[str, GroupCounters]) -> Reading:
    return Reading.of(_counts(counters.get(CANARY)), _counts(counters.get(STABLE)))


def _counts(counters: GroupCounters | None) -> Counts:
    return Counts(counters.requests, counters.bad) if counters else Counts()
