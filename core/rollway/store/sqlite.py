"""Everything that is SQLite's alone. Another database is another file like this one."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Engine, Insert, Table, create_engine, event, make_url
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from rollway.store.apart import Apart
from rollway.store.dialect import READERS
from rollway.store.protocol import StoreUnavailable
from rollway.store.rows import Row
from rollway.store.upserting import insert_new, upsert

BUSY_MS = 5000
READING = ("PRAGMA query_only=ON",)
WRITING = ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA foreign_keys=ON")
EXAMPLE = "Give one, as in sqlite:////var/lib/rollway/rollway.db"

# Names of https://www.sqlite.org/rescode.html; extended codes (SQLITE_IOERR_WRITE) begin with their primary one.
_ADVICE = {
    "SQLITE_FULL": ("the disk is full", "Free some space; what was not written can be tried again at once"),
    "SQLITE_BUSY": (
        f"another process has kept it locked for {BUSY_MS // 1000} s",
        "See which one has it open (fuser, lsof) and end what holds it",
    ),
    "SQLITE_LOCKED": ("it is locked", "See which process has it open (fuser, lsof) and end what holds it"),
    "SQLITE_CORRUPT": (
        "the file is damaged",
        "Stop the daemon, put a backup in its place, or save what is left with `sqlite3 FILE .recover`",
    ),
    "SQLITE_NOTADB": ("the file is not a SQLite database", "Give another path, or put a backup in its place"),
    "SQLITE_READONLY": (
        "it is read-only",
        "Make the file and its folder writable for the user that runs the daemon",
    ),
    "SQLITE_CANTOPEN": (
        "the file cannot be opened",
        "See that its folder exists and that the user that runs the daemon may write there",
    ),
    "SQLITE_PERM": ("access is refused", "See that the user that runs the daemon may write there"),
    "SQLITE_IOERR": (
        "the disk reports an error",
        "Look at the disk and the system's log (dmesg); keep a copy first",
    ),
    "SQLITE_NOMEM": ("memory is exhausted", "Free some memory"),
    "SQLITE_PROTOCOL": ("its locks are contended", "See which processes have it open (fuser, lsof)"),
}
_FAULTS_OF_THE_WRITE = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.ProgrammingError,
    sqlite3.InterfaceError,
)


class Sqlite:
    """Two engines on one file: one connection that writes, a few that only read and see what is committed."""

    def __init__(self, given: str) -> None:
        try:
            url = make_url(given)
        except (ArgumentError, ValueError):  # not shown: it may hold a password
            raise StoreUnavailable("This is not the URL of a database", EXAMPLE) from None
        if not url.database or url.database == ":memory:" or "\0" in url.database or url.query:
            raise StoreUnavailable(f"{str(url)!r} names no file", EXAMPLE)
        self.path = Path(url.database).absolute()
        self.place = str(self.path)
        self._url = url.set(drivername="sqlite+aiosqlite", database=str(self.path))

    def check_place(self) -> None:
        """Say plainly what SQLite would only call "unable to open database file"."""
        folder = self.path.parent
        try:
            if self.path.is_dir():
                raise StoreUnavailable(
                    f"{self.path} is a folder", f"Name a file in it, as in {self.path / 'rollway.db'}"
                )
            if not folder.is_dir():
                raise StoreUnavailable(f"{folder} is no folder", "Create it, or give another path")
        except OSError as error:
            advice = "See that the user that runs the daemon may read and write there"
            raise StoreUnavailable(f"{folder} may not be entered: {error.strerror}", advice) from error

    def exists(self) -> bool:
        """Whether there is a file; SQLite would make one."""
        try:
            return self.path.exists()
        except OSError:  # `check_place` says why
            return True

    def reader(self) -> AsyncEngine:
        """Open connections that can change nothing. Each statement is its own transaction, which saves half the trips to their threads."""
        return self._engine(READERS, READING)

    def writer(self) -> AsyncEngine:
        """Open the one connection that writes; it takes the lock as a transaction begins, never in its middle."""
        engine = self._engine(1, WRITING)
        event.listen(engine.sync_engine, "begin", _lock)
        return engine

    def apart_reader(self) -> Apart | None:
        """Those that read, each used by a thread: one trip for a look, where asyncio's driver makes four."""
        return Apart(self._plain(READERS, READING), READERS)

    def apart_writer(self) -> Apart | None:
        """The one that writes, used by a thread."""
        engine = self._plain(1, WRITING)
        event.listen(engine, "begin", _lock)
        return Apart(engine)

    def pulse(self) -> None:
        """There is one lock, so there is one connection that takes it."""

    @asynccontextmanager
    async def preparing(self, connection: AsyncConnection) -> AsyncIterator[None]:
        """The transaction that has begun holds the lock already."""
        yield

    @asynccontextmanager
    async def unhurried(self, connection: AsyncConnection) -> AsyncIterator[None]:
        """Nothing here is in a hurry."""
        yield

    async def damage(self, connection: AsyncConnection) -> Sequence[str]:
        """Have every page and index looked at."""
        try:
            found = await connection.exec_driver_sql("PRAGMA integrity_check(20)")
        except DBAPIError as error:
            return [str(error.orig)]
        return [str(row[0]) for row in found if row[0] != "ok"]

    async def size(self, connection: AsyncConnection) -> int:
        """Return the size of the file and of what is not yet written into it."""
        files = (self.path, self.path.with_name(f"{self.path.name}-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    async def copy(self, to: Path) -> None:
        """Copy in one step, which in WAL mode keeps no writer waiting; the copy is a single file."""
        try:
            await asyncio.to_thread(self._copy, to)
        except sqlite3.Error as error:
            raise StoreUnavailable(
                f"{self.path} could not be copied to {to}: {error}", "See that there is room for it there"
            ) from error

    def _copy(self, to: Path) -> None:
        with closing(sqlite3.connect(self.path)) as here, closing(sqlite3.connect(to)) as there:
            here.execute(f"PRAGMA busy_timeout={BUSY_MS}")
            here.backup(there)
            there.execute("PRAGMA journal_mode=DELETE")

    def _engine(self, connections: int, pragmas: tuple[str, ...]) -> AsyncEngine:
        engine = create_async_engine(self._url, **_pool(connections, pragmas))
        self._configure(engine.sync_engine, pragmas)
        return engine

    def _plain(self, connections: int, pragmas: tuple[str, ...]) -> Engine:
        engine = create_engine(self._url.set(drivername="sqlite"), **_pool(connections, pragmas))
        self._configure(engine, pragmas)
        return engine

    def _configure(self, engine: Engine, pragmas: tuple[str, ...]) -> None:
        def configure(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
            # sqlite3 would begin transactions by itself, late and without the lock: we say BEGIN ourselves
            connection.isolation_level = None
            cursor = connection.cursor()
            for pragma in (f"PRAGMA busy_timeout={BUSY_MS}", *pragmas):
                cursor.execute(pragma)
            cursor.close()

        event.listen(engine, "connect", configure)

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
        """One statement for each table; nobody listens."""
        for table, rows in new.items():
            if rows:
                await connection.execute(table.insert(), rows)
        for table, rows in replaced.items():
            if rows:
                await connection.execute(self.upsert(table), rows)

    async def listen(self, told: Callable[[str | None], None]) -> None:
        """Return: the daemon that owns the folder is the only one to write here."""

    def passing(self, error: DBAPIError) -> bool:
        """Another process may have written the same row between two looks: whoever looks again finds it."""
        return isinstance(error, IntegrityError)

    def undecided(self, error: DBAPIError) -> bool:
        """Never: a commit that fails is taken back."""
        return False

    def explain(self, error: DBAPIError) -> StoreUnavailable | None:
        """Say what is wrong with the database; None if the fault lies in what was asked of it."""
        cause = error.orig
        if isinstance(cause, _FAULTS_OF_THE_WRITE):
            return None
        code = str(getattr(cause, "sqlite_errorname", ""))
        for name, (problem, advice) in _ADVICE.items():
            if code.startswith(name):
                return StoreUnavailable(f"the database {self.path} cannot be used: {problem}", advice)
        return StoreUnavailable(
            f"the database {self.path} cannot be used: {cause}", "If it stays so, put a backup in its place"
        )


def _lock(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _pool(connections: int, pragmas: tuple[str, ...]) -> dict[str, Any]:
    return {
        "pool_size": connections,
        "max_overflow": 0,
        "hide_parameters": True,
        "skip_autocommit_rollback": pragmas is READING,
    }
