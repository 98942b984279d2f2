"""The real clock and the real identifiers."""

import asyncio
import secrets
import time

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no letters that look like others."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Unix seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Let others run for so long."""
        await asyncio.sleep(seconds)


def make_id(milliseconds: int, entropy: int) -> str:
    """16 characters: 10 of time, 6 of 30 random bits; sorts by time."""
    value = (milliseconds << 30) | (entropy & (1 << 30) - 1)
    return "".join(ALPHABET[(value >> shift) & 31] for shift in range(75, -5, -5))


class SystemIdentifiers:
    """Ids from the time and the machine's randomness; within one process they strictly rise."""

    def __init__(self) -> None:
        self._last = 0

    def new(self) -> str:
        """The next id."""
        self._last = max(self._last + 1, time.time_ns() // 1_000_000)
        return make_id(self._last, secrets.randbits(30))
