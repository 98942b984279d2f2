"""One open transaction that many writes share."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Protocol, TypeVar

from sqlalchemy import Column, Executable, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from rollway.store.dialect import Dialect
from rollway.store.protocol import AlreadyRemembered, Conflict, Fenced, ReleaseDiffers
from rollway.store.rows import Row
from rollway.store.schema import epochs, events, leases, remembered, streams, summaries

REFUSALS = (Fenced, Conflict, AlreadyRemembered, ReleaseDiffers)
"""What a write may raise to be left out of a transaction without harm to its neighbours."""

_PORTION = 500
_NOTHING: frozenset[str] = frozenset()

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Needs:
    """What a write looks at before it changes anything: looked up for all writes of a transaction together.

    Leases, environments (their epochs) and streams (their heads) stay as they were found until the transaction ends.
    They are locked in this order, each kind by name, so that no two daemons wait for each other.
    """

    leases: frozenset[str] = _NOTHING
    environments: frozenset[str] = _NOTHING
    streams: frozenset[str] = _NOTHING
    keys: frozenset[str] = _NOTHING

    @classmethod
    def of(cls, writes: "Collection[Write[object]]") -> "Needs":
        """What these writes need together."""
        names = [field.name for field in fields(cls)]
        return cls(*(_NOTHING.union(*(getattr(write.needs, name) for write in writes)) for name in names))


class Transaction:
    """What its writes need to know, and the rows of the log, gathered to be written by one statement a table."""

    def __init__(self, connection: AsyncConnection, dialect: Dialect) -> None:
        self.connection = connection
        self.dialect = dialect
        self.leases: dict[str, str] = {}
        self.epochs: dict[str, int] = {}
        self.heads: dict[str, int] = {}
        self.keys: set[str] = set()
        self.events: list[Row] = []
        self.summaries: dict[str, Row] = {}
        self.remembered: list[Row] = []
        self.moved: set[str] = set()

    async def look_up(self, needs: Needs) -> None:
        """Find, and lock, what the writes need."""
        connection = self.connection
        self.leases = await _held_fast(connection, leases.c.lease, leases.c.member, needs.leases)
        self.epochs = await _held_fast(connection, epochs.c.environment, epochs.c.epoch, needs.environments)
        self.heads = await _held_fast(connection, streams.c.stream, streams.c.head, needs.streams)
        self.keys = set(await _found(connection, remembered.c.key, remembered.c.at, needs.keys))

    async def flush(self) -> None:
        """Write the rows gathered, each table's sorted, so that two daemons do not wait for each other."""
        if not (self.remembered or self.events or self.summaries):
            return
        heads: list[Row] = [{"stream": stream, "head": self.heads[stream]} for stream in sorted(self.moved)]
        rows = [self.summaries[stream] for stream in sorted(self.summaries)]
        await self.dialect.write(
            self.connection,
            new={remembered: self.remembered, events: self.events},
            replaced={streams: heads, summaries: rows},
        )


class Write(Protocol[T_co]):
    """Something to be written. If it raises one of `REFUSALS`, it has changed nothing."""

    @property
    def needs(self) -> Needs:
        """What it has to know before it is made."""

    async def make(self, transaction: Transaction) -> T_co:
        """Add itself to the transaction."""


async def read_heads(connection: AsyncConnection, wanted: Iterable[str]) -> Mapping[str, int]:
    """Look up the heads of these streams, in portions that any database takes as parameters."""
    return await _found(connection, streams.c.stream, streams.c.head, wanted)


async def read_all_heads(connection: AsyncConnection) -> Mapping[str, int]:
    """Look up the head of every stream."""
    return {
        row.stream: row.head for row in await connection.execute(select(streams.c.stream, streams.c.head))
    }


async def _held_fast(
    connection: AsyncConnection, name: Column[str], value: Column[T], wanted: Iterable[str]
) -> dict[str, T]:
    return await _found(connection, name, value, wanted, locked=True)


async def _found(
    connection: AsyncConnection,
    name: Column[str],
    value: Column[T],
    wanted: Iterable[str],
    locked: bool = False,
) -> dict[str, T]:
    names = sorted(set(wanted))
    found: dict[str, T] = {}
    for start in range(0, len(names), _PORTION):
        portion = {"names": names[start : start + _PORTION]}
        found.update(
            {row[0]: row[1] for row in await connection.execute(_looking(name, value, locked), portion)}
        )
    return found


@cache
def _looking(name: Column[str], value: Column[T], locked: bool) -> Executable:
    query = select(name, value).where(name.in_(bindparam("names", expanding=True)))
    return query.order_by(name).with_for_update() if locked else query
