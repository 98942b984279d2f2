"""What each database does in its own way."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import Column, Insert, Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from rollway.store.apart import Apart
from rollway.store.protocol import StoreUnavailable
from rollway.store.rows import Row

READERS: Final = 4
"""Connections that read."""


class Dialect(Protocol):
    """One kind of database at one place."""

    @property
    def place(self) -> str:
        """The place, for people; never with a password."""

    def check_place(self) -> None:
        """Raise `StoreUnavailable` if no database can be at that place."""

    def exists(self) -> bool:
        """Whether there is a database at that place, as far as that can be said without asking it."""

    def reader(self) -> AsyncEngine:
        """Open connections whose statements each see one committed state, and change nothing."""

    def writer(self) -> AsyncEngine:
        """Open the connection that writes; its commits are durable when they return."""

    def pulse(self) -> AsyncEngine | None:
        """Open another one for signs of life and leases; None where two cannot write side by side."""

    def apart_reader(self) -> Apart | None:
        """Open the connections that read, for threads; None where the event loop itself uses them better."""

    def apart_writer(self) -> Apart | None:
        """Open the connection that writes, for a thread, likewise."""

    def preparing(self, connection: AsyncConnection) -> AbstractAsyncContextManager[None]:
        """Keep everybody else from preparing this database; the connection's transaction has begun."""

    def unhurried(self, connection: AsyncConnection) -> AbstractAsyncContextManager[None]:
        """Let each statement take its time."""

    async def damage(self, connection: AsyncConnection) -> Sequence[str]:
        """Say what the database itself finds wrong with its data."""

    async def size(self, connection: AsyncConnection) -> int:
        """Return how many bytes the database takes."""

    async def copy(self, to: Path) -> None:
        """Write all of it, as of one moment, into this empty file. Raises `StoreUnavailable`."""

    def upsert(self, table: Table, counting: Column[int] | None = None) -> Insert:
        """Insert a row, or give the one with its primary key its other columns; `counting` becomes one more than it was."""

    def insert_new(self, table: Table) -> Insert:
        """Insert a row, or do nothing if there is one with its primary key."""

    async def write(
        self,
        connection: AsyncConnection,
        new: Mapping[Table, Sequence[Row]],
        replaced: Mapping[Table, Sequence[Row]],
    ) -> None:
        """Insert rows, and insert or replace others, in this order.

        Those that listen are told, once this transaction is committed, of the rows of the table `streams`.
        """

    async def listen(self, told: Callable[[str | None], None]) -> None:
        """As `Store.listen`."""

    def passing(self, error: DBAPIError) -> bool:
        """Say whether the same may well succeed if it is tried again at once."""

    def undecided(self, error: DBAPIError) -> bool:
        """Say whether a commit that failed so may have been made."""

    def explain(self, error: DBAPIError) -> StoreUnavailable | None:
        """Say what is wrong with the database; None if the fault lies in what was asked of it."""


@contextmanager
def explained(dialect: Dialect) -> Iterator[None]:
    """Turn a failure of the database into `StoreUnavailable`; let the caller's own faults through."""
    try:
        yield
    except DBAPIError as error:
        if (unavailable := dialect.explain(error)) is None:
            raise
        raise unavailable from error
