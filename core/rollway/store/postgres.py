"""Everything that is PostgreSQL's alone. psycopg, imported here, comes with the extra `rollway[postgresql]`."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from psycopg import Error, IntegrityError
from psycopg.errors import DeadlockDetected, SerializationFailure
from sqlalchemy import Column, Insert, Table, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.event import listen
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from rollway.store.dialect import READERS
from rollway.store.postgres_connection import Connection, Place, SilentServer
from rollway.store.postgres_dump import dump
from rollway.store.postgres_faults import READ_ONLY, explained_fault, has_ended, unusable
from rollway.store.postgres_notices import notices, payloads
from rollway.store.postgres_rows import all_at_once
from rollway.store.protocol import StoreUnavailable
from rollway.store.rows import Row
from rollway.store.schema import streams
from rollway.store.upserting import insert_new, upsert

MIGRATION: Final = 7_655_928_115
"""The key of the advisory lock under which one daemon at a time brings the tables up to date; chosen at random."""


class Postgres:
    """Connections to one database: one that writes, one that gives signs of life, a few that read."""

    def __init__(self, url: str) -> None:
        self._place = Place(url)
        self.place = self._place.name
        self._writer = 0

    def check_place(self) -> None:
        """Nothing can be said without asking the server."""

    def exists(self) -> bool:
        """The server will say."""
        return True

    def reader(self) -> AsyncEngine:
        """Open connections that can change nothing; each statement sees what is committed when it begins."""
        return self._engine(READERS, self._place.reading, isolation_level="AUTOCOMMIT")

    def writer(self) -> AsyncEngine:
        """Open the connection that writes. READ COMMITTED: a row that was waited for is seen as it is then."""

        async def connect() -> Connection:
            connection = await self._place.writing()
            self._writer = connection.info.backend_pid
            return connection

        return self._engine(1, connect, isolation_level="READ COMMITTED")

    def pulse(self) -> AsyncEngine:
        """Open another that writes, so that a sign of life waits behind no group of appends."""
        return self._engine(1, self._place.writing, isolation_level="READ COMMITTED")

    def apart_reader(self) -> None:
        """Its driver is one of asyncio."""

    def apart_writer(self) -> None:
        """Its driver is one of asyncio."""

    def _engine(self, connections: int, connect: Callable[[], object], isolation_level: str) -> AsyncEngine:
        engine = create_async_engine(
            "postgresql+psycopg://",
            async_creator=connect,
            pool_size=connections,
            max_overflow=0,
            hide_parameters=True,
            isolation_level=isolation_level,
            skip_autocommit_rollback=True,
            use_native_hstore=False,
        )
        listen(engine.sync_engine, "handle_error", _forget_the_connection)
        return engine

    @asynccontextmanager
    async def preparing(self, connection: AsyncConnection) -> AsyncIterator[None]:
        """Let nobody else prepare this database meanwhile, and let each statement take its time."""
        driver = (await connection.get_raw_connection()).driver_connection
        assert isinstance(driver, Connection)  # noqa: S101 - made above
        driver.limit = None
        try:
            await connection.execute(text("SET LOCAL statement_timeout = 0"))
            await connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = '60s'"))
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION})
            await self._check_settings(connection)
            yield
        finally:
            driver.limit = Connection.limit

    @asynccontextmanager
    async def unhurried(self, connection: AsyncConnection) -> AsyncIterator[None]:
        """Let each statement take its time; the connection is not to be used for anything else afterwards."""
        driver = (await connection.get_raw_connection()).driver_connection
        assert isinstance(driver, Connection)  # noqa: S101 - made above
        driver.limit = None
        await connection.execute(text("SET statement_timeout = 0"))
        yield

    async def damage(self, connection: AsyncConnection) -> Sequence[str]:
        """Nothing that an ordinary user may ask; the server's own checks are pg_amcheck's."""
        return ()

    async def size(self, connection: AsyncConnection) -> int:
        """Return the size of the database on the server."""
        return int(await connection.scalar(text("SELECT pg_database_size(current_database())")) or 0)

    async def copy(self, to: Path) -> None:
        """Have pg_dump write it, in its own format."""
        await dump(self._place, to)

    async def _check_settings(self, connection: AsyncConnection) -> None:
        query = "SELECT current_setting('server_encoding'), current_setting('transaction_read_only')"
        encoding, read_only = (await connection.execute(text(query))).one()
        if encoding != "UTF8":
            raise StoreUnavailable(
                f"the database {self.place} keeps texts as {encoding}, not as UTF8",
                "Create another: CREATE DATABASE rollway ENCODING 'UTF8' TEMPLATE template0",
            )
        if read_only == "on":
            raise unusable(self._place, READ_ONLY)

    def upsert(self, table: Table, counting: Column[int] | None = None) -> Insert:
        """Insert a row, or give the one with its primary key its other columns; `counting` becomes one more than it was."""
        return upsert(insert, table, counting)

    def insert_new(self, table: Table) -> Insert:
        """Insert a row, or do nothing if there is one with its primary key."""
        return insert_new(insert, table)

    async def write(
        self,
        connection: AsyncConnection,
        new: Mapping[Table, Sequence[Row]],
        replaced: Mapping[Table, Sequence[Row]],
    ) -> None:
        """All of it by one statement, the notices too."""
        grown = payloads([str(row["stream"]) for row in replaced[streams]])
        await connection.execute(*all_at_once(new, replaced, grown))

    async def listen(self, told: Callable[[str | None], None]) -> None:
        """Listen, whatever becomes of the server; what our own writer announces is left out."""
        await notices(self._place, lambda: self._writer, told)

    def passing(self, error: DBAPIError) -> bool:
        """Say whether the same may well succeed at once: the connection was an old one, or two were in each other's way.

        Two that insert the same row are, too: whoever looks again finds it.
        """
        if isinstance(error.orig, (SerializationFailure, DeadlockDetected, IntegrityError)):
            return True
        return error.connection_invalidated and not isinstance(error.orig, SilentServer)

    def undecided(self, error: DBAPIError) -> bool:
        """Say whether a commit that failed so may have been made."""
        return error.connection_invalidated

    def explain(self, error: DBAPIError) -> StoreUnavailable | None:
        """Say what is wrong with the database; None if the fault lies in what was asked of it."""
        return explained_fault(error.orig, self._place)


def _forget_the_connection(context: ExceptionContext) -> None:
    """A server that ends a session says so in an error, after which the connection only looks alive."""
    error = context.original_exception
    if isinstance(error, Error) and has_ended(error):
        context.is_disconnect = True
