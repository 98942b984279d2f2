"""The way between a daemon and what is outside of it: calls take a while, get lost, come twice or late."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar, cast

from rollway.errors import PluginError
from rollway.store.protocol import Append, Conflict, StoreUnavailable
from rollway.testing.simulation.loop import spawn_outside
from rollway.testing.simulation.weather import Weather

Result = TypeVar("Result")
Work = Callable[[], Awaitable[object]]

READ_ONLY = frozenset({"observe", "counters", "output"})


class Caller(Protocol):
    """A life of a daemon, as far as its calls are concerned."""

    @property
    def daemon(self) -> int:
        """Which daemon's life it is."""
        ...

    async def crash_in(self, call: str, *, done: bool) -> None:
        """Die here, where this is what was to happen; then it never returns."""
        ...

    def did(self, outside: str) -> None:
        """Something was done there; called in the same moment."""
        ...

    def told(self, what: str) -> None:
        """One line for the chronicle."""
        ...


class Wire:
    """Carries the calls of one life to one thing outside: `store`, `router` or `target`."""

    def __init__(self, outside: str, caller: Caller, weather: Weather) -> None:
        self._outside = outside
        self._caller = caller
        self._weather = weather

    async def carry(self, verb: str, work: Work, arguments: tuple[object, ...]) -> object:
        """There, the work, and back, unless something happens on the way."""
        fault = self._weather.fault(self._caller.daemon, self._outside, verb)
        if fault:
            self._caller.told(f"{self._outside} {verb}: {fault}")
        await self._there(verb, fault, work, arguments)
        result = await self._do(work)
        await self._back(verb, fault, work)
        return result

    async def _do(self, work: Work) -> object:
        try:
            return await work()
        finally:
            self._caller.did(self._outside)

    async def _there(self, verb: str, fault: str, work: Work, arguments: tuple[object, ...]) -> None:
        call = f"{self._outside} {verb}"
        await self._way(fault)
        await self._caller.crash_in(call, done=False)
        if fault == "conflict" and arguments and isinstance(arguments[0], Append):
            raise Conflict(arguments[0].stream, arguments[0].expected_seq, arguments[0].expected_seq + 1)
        if fault == "late":
            spawn_outside(self._later(work), f"late {call}")
        if fault in ("hang", "late") or (fault == "cut" and self._outside != "store"):
            await self._weather.over()  # the caller has its own deadline
        if fault in ("fail", "cut", "hang", "late"):
            raise self._error("it was never done" if fault != "late" else "whether it was done is unknown")

    async def _back(self, verb: str, fault: str, work: Work) -> None:
        await self._caller.crash_in(f"{self._outside} {verb}", done=True)
        if fault == "twice":
            spawn_outside(self._later(work), f"again {self._outside} {verb}")
        await self._way(fault)
        if fault in ("silent", "unknown"):
            raise self._error("whether it was done is unknown")

    async def _way(self, fault: str) -> None:
        await asyncio.sleep(self._weather.way(fault))

    async def _later(self, work: Work) -> None:
        await asyncio.sleep(self._weather.later())
        try:
            await self._do(work)
        except Exception as refused:  # nobody waits for the answer
            self._caller.told(f"{self._outside}: what came late was refused: {refused}")

    def _error(self, what: str) -> Exception:
        if self._outside == "store":
            return StoreUnavailable(f"the simulated database is away; {what}", "wait")
        return PluginError(f"simulated trouble with the {self._outside}; {what}")


class Far:
    """Something outside as a daemon has it: every call of it goes over the wire."""

    def __init__(self, near: object, wire: Wire) -> None:
        self._near = near
        self._wire = wire

    def __getattr__(self, verb: str) -> Callable[..., Awaitable[object]]:
        there = getattr(self._near, verb)

        async def call(*arguments: object, **named: object) -> object:
            return await self._wire.carry(verb, lambda: there(*arguments, **named), arguments)

        setattr(self, verb, call)
        return call


def far(near: Result, wire: Wire) -> Result:
    """The same thing, far away."""
    return cast("Result", cast("Any", Far(near, wire)))
