"""What the engine sees of the world: time, identifiers, and the alarm clock. Small, so that a simulation can own them."""

from collections.abc import Awaitable, Callable
from typing import Protocol


class Clock(Protocol):
    """Time. Contract: `monotonic` never goes back; `sleep` returns no earlier than asked, by `monotonic`."""

    def now(self) -> float:
        """Unix seconds; may jump."""
        ...

    def monotonic(self) -> float:
        """Seconds that only grow, while this process lives."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let others run for so long."""
        ...


class Identifiers(Protocol):
    """Names for new things."""

    def new(self) -> str:
        """An id that is unique and sorts by time, `[a-z0-9]{12,26}`."""
        ...


Advance = Callable[[str], Awaitable[float | None]]
"""Look at what has this id; the answer is when to look again (unix seconds; None: when woken)."""


class AlarmClock(Protocol):
    """Says when to look at something again. It may ring twice, never zero times, so `advance` is idempotent."""

    def wake_at(self, id_: str, at: float) -> None:
        """Ring at this time (unix seconds)."""
        ...

    def wake_now(self, id_: str) -> None:
        """Ring at once; if it is being advanced now, again afterwards."""
        ...

    async def run(self, advance: Advance) -> None:
        """Call `advance` for whatever rings, each id one at a time, until cancelled."""
        ...
