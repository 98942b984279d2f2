"""The real statements on a real SQLite file, without threads: each is executed where it is awaited, in virtual time.

Between two statements of a transaction anything may happen, as it may where a thread executes them: a daemon dies with
the transaction half made, or is frozen and keeps the lock.
"""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast

import aiosqlite
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine

from rollway.store.opening import open_store, sqlite_url
from rollway.store.protocol import Recorded
from rollway.store.rows import value_of
from rollway.store.sql_store import SqlStore
from rollway.store.sqlite import BUSY_MS, Sqlite

AGAIN = 0.05
"""Virtual seconds until a connection that finds the database locked tries again."""

SLOW = frozenset({"execute", "executemany", "commit", "rollback"})


class _AtOnce:
    """Stands where aiosqlite has the queue to its thread."""

    def put_nowait(self, item: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> None:
        future, function = item
        try:
            result = function()
        except Exception as error:
            if future is not None:
                future.set_exception(error)
        else:
            if future is not None:
                future.set_result(result)


class InPlace(aiosqlite.Connection):
    """A connection of one life; `way` is how long a statement takes, `committed` is told of each commit."""

    def __init__(
        self,
        connector: Callable[[], sqlite3.Connection],
        way: Callable[[], float],
        committed: Callable[[], None],
    ) -> None:
        super().__init__(connector, 64)
        self._tx = cast("Any", _AtOnce())
        self._way = way
        self._committed = committed

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        name = getattr(fn, "__name__", "")
        if name in SLOW:
            await asyncio.sleep(self._way())
        if not self._connection:
            raise ValueError("Connection closed")
        result = await self._in_turn(fn, *args, **kwargs)
        if name == "commit":
            self._committed()
        return result

    async def _in_turn(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """SQLite's own waiting for a lock would stop all the world."""
        patience = asyncio.get_running_loop().time() + BUSY_MS / 1000
        while True:
            try:
                return fn(*args, **kwargs)
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorname.startswith("SQLITE_BUSY")
                if not busy or asyncio.get_running_loop().time() > patience:
                    raise
            await asyncio.sleep(AGAIN)

    def __await__(self) -> Generator[Any, None, aiosqlite.Connection]:
        return self._connect().__await__()

    def cut(self) -> None:
        """What a process's death does: what was not committed never was."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class SteppingSqlite(Sqlite):
    """The dialect of the product, on connections in place."""

    def __init__(self, path: Path, way: Callable[[], float], committed: Callable[[], None]) -> None:
        super().__init__(sqlite_url(path))
        self._way = way
        self._committed = committed
        self._connections: list[InPlace] = []

    def reader(self) -> AsyncEngine:
        """As `Sqlite.reader`."""
        return self._in_place(super().reader())

    def writer(self) -> AsyncEngine:
        """As `Sqlite.writer`."""
        return self._in_place(super().writer())

    def apart_reader(self) -> None:
        """There are no threads in virtual time."""

    def apart_writer(self) -> None:
        """There are no threads in virtual time."""

    def cut(self) -> None:
        """The process is dead."""
        for connection in self._connections:
            connection.cut()

    def _in_place(self, engine: AsyncEngine) -> AsyncEngine:
        def connect(*arguments: Any, **named: Any) -> InPlace:
            made = InPlace(lambda: sqlite3.connect(*arguments, **named), self._way, self._committed)
            self._connections.append(made)
            return made

        def create(dialect: object, record: object, arguments: object, named: dict[str, object]) -> None:
            named["async_creator_fn"] = connect

        def configure(connection: DBAPIConnection, _: object) -> None:
            cursor = connection.cursor()
            for pragma in ("PRAGMA busy_timeout=0", "PRAGMA synchronous=OFF"):
                cursor.execute(pragma)
            cursor.close()

        event.listen(engine.sync_engine, "do_connect", create)
        event.listen(engine.sync_engine, "connect", configure)
        return engine


class SqlFile:
    """A database of one world. `open` gives a life its own store on it."""

    def __init__(self, folder: Path, template: Path) -> None:
        self.path = folder / "world.db"
        for old in folder.glob("world.db*"):
            old.unlink()
        shutil.copy(template, self.path)
        self._dialects: list[SteppingSqlite] = []
        self._own = sqlite3.connect(self.path)
        self._own.row_factory = sqlite3.Row

    def open(
        self, way: Callable[[], float], committed: Callable[[], None]
    ) -> tuple[SqlStore, Callable[[], None]]:
        """A store, and what its process's death does to it."""
        dialect = SteppingSqlite(self.path, way, committed)
        self._dialects.append(dialect)
        return SqlStore(dialect, dialect.reader(), dialect.writer()), dialect.cut

    def owner(self, place: str) -> str | None:
        """See `Truth.owner`: on one file there is one daemon."""
        return None

    def since(self, seen: Mapping[str, int]) -> Sequence[Recorded]:
        """As `Truth.since`."""
        heads = self._own.execute("SELECT stream, head FROM streams ORDER BY stream").fetchall()
        query = (
            "SELECT stream, seq, type, v, actor, at, data FROM events WHERE stream=? AND seq>? ORDER BY seq"
        )
        return [
            value_of(Recorded, dict(row))
            for stream, head in heads
            if head > seen.get(stream, 0)
            for row in self._own.execute(query, (stream, seen.get(stream, 0)))
        ]

    def close(self) -> None:
        """The world is over."""
        for dialect in self._dialects:
            dialect.cut()
        self._own.close()


@cache
def template(folder: Path) -> Path:
    """A database with its tables, made once: copied it costs nothing. Not to be called on a loop that runs."""
    path = folder / "template.db"

    async def make() -> None:
        store = await open_store(sqlite_url(path))
        await store.aclose()

    asyncio.run(make())
    return path
