"""Whether the database may be relied on: it answers, and takes what is written.

One that is full or locked by somebody goes on answering those who only read, so reading is not enough.
"""

import asyncio

from rollway.engine.ports import Clock
from rollway.store.protocol import Store, StoreUnavailable

DEADLINE = 2.0
"""Seconds in which the database must answer."""

PROVED_FOR = 1.0
"""Seconds that a write is taken as proof, so that whoever asks often costs nothing."""

KEY = "ready"


class Readiness:
    """Asks the database on behalf of whoever wants to know."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._proved = float("-inf")

    async def trouble(self) -> str:
        """What is wrong with the database, in a sentence; empty when nothing is."""
        try:
            async with asyncio.timeout(DEADLINE):
                await self._prove()
        except TimeoutError:
            return f"the database did not answer within {DEADLINE:g} s"
        except StoreUnavailable as unavailable:
            return str(unavailable)
        return ""

    async def _prove(self) -> None:
        await self._store.value(KEY)
        began = self._clock.monotonic()
        if began - self._proved >= PROVED_FOR:
            await self._store.put_value(KEY, True)
            self._proved = began
