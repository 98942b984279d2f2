"""One open transaction that many writes share."""

from collections.abc import Collection, Iterable
from typing import Protocol, TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from rollway.store.dialect import Dialect
from rollway.store.protocol import AlreadyRemembered, Conflict, ReleaseDiffers
from rollway.store.rows import Row
from rollway.store.schema import events, streams, summaries

REFUSALS = (Conflict, AlreadyRemembered, ReleaseDiffers)
"""What a write may raise to be left out of a transaction without harm to its neighbours."""

_PORTION = 500

T_co = TypeVar("T_co", covariant=True)


class Transaction:
    """The heads that its writes need, and the rows of the log, gathered to be written by one statement a table."""

    def __init__(self, connection: AsyncConnection, heads: dict[str, int], dialect: Dialect) -> None:
        self.connection = connection
        self.heads = heads
        self.dialect = dialect
        self.events: list[Row] = []
        self.summaries: dict[str, Row] = {}
        self.moved: set[str] = set()

    async def flush(self) -> None:
        """Write the rows gathered."""
        if self.events:
            await self.connection.execute(events.insert(), self.events)
        if self.moved:
            moved = [{"stream": stream, "head": self.heads[stream]} for stream in sorted(self.moved)]
            await self.connection.execute(self.dialect.upsert(streams), moved)
        if self.summaries:
            await self.connection.execute(self.dialect.upsert(summaries), list(self.summaries.values()))


class Write(Protocol[T_co]):
    """Something to be written. If it raises one of `REFUSALS`, it has changed nothing."""

    @property
    def streams(self) -> Collection[str]:
        """The streams whose heads it needs."""

    async def make(self, transaction: Transaction) -> T_co:
        """Add itself to the transaction."""


async def read_heads(connection: AsyncConnection, wanted: Iterable[str]) -> dict[str, int]:
    """Look up the heads of these streams, in portions that any database takes as parameters."""
    names = sorted(set(wanted))
    heads: dict[str, int] = {}
    for start in range(0, len(names), _PORTION):
        query = select(streams.c.stream, streams.c.head).where(
            streams.c.stream.in_(names[start : start + _PORTION])
        )
        heads.update({row.stream: row.head for row in await connection.execute(query)})
    return heads


async def read_all_heads(connection: AsyncConnection) -> dict[str, int]:
    """Look up the head of every stream."""
    return {
        row.stream: row.head for row in await connection.execute(select(streams.c.stream, streams.c.head))
    }
