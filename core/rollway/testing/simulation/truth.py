"""The log as it stands, read past everybody's back after every call of the store."""

import asyncio
import contextvars
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from rollway.store.protocol import Recorded
from rollway.store.rows import value_of
from rollway.testing.memory_store import MemoryStore, Told
from rollway.testing.simulation.loop import LIFE


class Truth(Protocol):
    """What is committed."""

    def owner(self, place: str) -> str | None:
        """Whoever raised the epoch of an environment last; None where that is not known."""
        ...

    def since(self, seen: Mapping[str, int]) -> Sequence[Recorded]:
        """Every event above what was seen of its stream."""
        ...


Herald = Callable[[Callable[[], object], str], None]
"""Brings a notice to the life that listens, later; or never."""


class OpenMemory(MemoryStore):
    """A store in memory that can be looked into, and whose notices are brought by a herald."""

    def __init__(self, herald: Herald) -> None:
        super().__init__()
        self._herald = herald
        self._owners: dict[str, str] = {}

    def owner(self, place: str) -> str | None:
        """See `Truth.owner`."""
        return self._owners.get(place)

    async def raise_epoch(
        self, environment: str, owner: str, lease: str | None = None, above: int = 0
    ) -> int:
        """As `MemoryStore.raise_epoch`."""
        epoch = await super().raise_epoch(environment, owner, lease, above)
        self._owners[environment] = owner
        return epoch

    def again(self) -> "OpenMemory":
        """As `MemoryStore.again`."""
        store = OpenMemory(self._herald)
        store._kept, store._owners = self._kept, self._owners
        return store

    def leases(self) -> Mapping[str, str]:
        """Who holds what."""
        return self._kept.leases

    async def listen(self, told: Told) -> None:
        """As `MemoryStore.listen`; `told` is called as if by the one who listens."""
        context = contextvars.copy_context()

        def bring(stream: str | None) -> None:
            if stream is None:
                told(None)
            else:
                self._herald(
                    lambda: asyncio.get_running_loop().call_soon(told, stream, context=context),
                    context.get(LIFE, ""),
                )

        await super().listen(bring)

    def _tell_others(self, streams: Iterable[str]) -> None:
        super()._tell_others(sorted(streams))

    def since(self, seen: Mapping[str, int]) -> Sequence[Recorded]:
        """Every event above what was seen of its stream."""
        return [
            value_of(Recorded, row)
            for stream, rows in self._kept.events.items()
            if len(rows) > seen.get(stream, 0)
            for row in rows[seen.get(stream, 0) :]
        ]
