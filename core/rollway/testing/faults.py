"""How the calls of a fake go wrong on demand, and what it remembers of each."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from rollway.errors import PluginError


class Fault(StrEnum):
    """How a call goes wrong."""

    FAIL = "fail"
    """Nothing is done and `PluginError` is raised."""
    HANG = "hang"
    """Nothing is done and the call does not return until it is cancelled."""
    SILENT = "silent"
    """The work is done and `PluginError` is raised all the same."""
    LATE = "late"
    """The call waits until it is cancelled or `Breakable.thaw` is called, and then does its work."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it arrived: its verb, when, and what it was given."""

    verb: str
    at: float
    arguments: tuple[object, ...] = ()


class Breakable:
    """A fake whose verbs break on demand.

    `breaks` makes the next calls of a verb go wrong. `calls` is every call so far; `now` gives their times, in seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self.calls: list[Call] = []
        self._now = now
        self._faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._thawed = asyncio.Event()

    def breaks(self, verb: str, fault: Fault = Fault.FAIL, times: int = 1) -> None:
        """The next `times` calls of `verb` go wrong in this way."""
        self._faults[verb].extend([fault] * times)

    def thaw(self) -> None:
        """Calls that were `LATE` go on and do their work now."""
        self._thawed.set()

    def called(self, verb: str) -> list[Call]:
        """The calls of one verb so far."""
        return [call for call in self.calls if call.verb == verb]

    async def _call(self, verb: str, work: Callable[[], None], *arguments: object) -> None:
        self.calls.append(Call(verb, self._now(), arguments))
        fault = self._faults[verb].popleft() if self._faults[verb] else None
        await asyncio.sleep(0)
        if fault is Fault.HANG:
            await asyncio.Event().wait()
        if fault is Fault.LATE:
            await self._until_thawed()
        if fault is not Fault.FAIL:
            work()
        if fault in (Fault.FAIL, Fault.SILENT):
            raise PluginError(f"{verb} was told to fail")

    async def _until_thawed(self) -> None:
        try:
            await self._thawed.wait()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None:
                task.uncancel()
