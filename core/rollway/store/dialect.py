"""What each database does in its own way."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from sqlalchemy import ColumnElement, Insert, Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from rollway.store.protocol import StoreUnavailable


class Dialect(Protocol):
    """One kind of database at one place."""

    def check_place(self) -> None:
        """Raise `StoreUnavailable` if no database can be at that place."""

    def reader(self) -> AsyncEngine:
        """Open connections whose statements each see one committed state, and change nothing."""

    def writer(self) -> AsyncEngine:
        """Open the connection that writes; its commits are durable when they return."""

    def upsert(self, table: Table, others: Mapping[str, ColumnElement[int]] | None = None) -> Insert:
        """Insert a row, or give the one with its primary key its other columns (or only `others`, so computed)."""

    def insert_new(self, table: Table) -> Insert:
        """Insert a row, or do nothing if there is one with its primary key."""

    async def listen(self, told: Callable[[str | None], None]) -> None:
        """As `Store.listen`."""

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
