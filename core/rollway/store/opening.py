"""From a URL to an open store, its tables brought up to date. What costs time to import is imported here when used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rollway.store.protocol import Store, StoreUnavailable

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from rollway.store.dialect import Dialect
    from rollway.store.writer import Around


def sqlite_url(path: Path) -> str:
    """Return the URL of the database in this file, whatever characters its name has."""
    from sqlalchemy import URL

    return URL.create("sqlite", database=str(path)).render_as_string()


def is_shared(url: str) -> bool:
    """Whether any number of daemons may use the database at this URL at a time; a SQLite file has one."""
    return url.partition(":")[0].partition("+")[0] in ("postgresql", "postgres")


def file_of(url: str) -> Path | None:
    """Return the file of a SQLite database; None for a database that is served. Raises `StoreUnavailable` as `open_store`."""
    if is_shared(url):
        return None
    dialect = dialect_of(url)
    dialect.check_place()
    return Path(dialect.place)


async def open_store(url: str, around: Around | None = None) -> Store:
    """Open the database at `url`, creating or migrating its tables where needed.

    `url` is like `sqlite:////absolute/path/rollway.db`, or any of PostgreSQL that libpq takes.

    `around` is entered around each transaction that writes, with the number of its writes.
    Raises `StoreUnavailable` if it cannot be used: no such folder, no permission, damaged, read-only, not ours, or
    written by a newer version; it is then left as it was.
    """
    from rollway.store.sql_store import SqlStore
    from rollway.store.writer import nothing

    dialect = dialect_of(url)
    dialect.check_place()
    reader, writer = dialect.reader(), dialect.writer()
    try:
        await _prepare(dialect, reader, writer)
    except BaseException:
        await reader.dispose()
        await writer.dispose()
        raise
    return SqlStore(dialect, reader, writer, around or nothing)


def dialect_of(url: str) -> Dialect:
    """Which kind of database this is a URL of. Raises `StoreUnavailable` for one that is not supported."""
    from rollway.store.sqlite import Sqlite

    scheme, colon, rest = url.partition(":")
    if colon and is_shared(url):
        return _postgres(f"postgresql:{rest}")
    kind = scheme.partition("+")[0]
    advice = "Give one like sqlite:////var/lib/rollway/rollway.db or postgresql://rollway@127.0.0.1/rollway"
    if not colon or not kind:  # not shown: it may hold a password
        raise StoreUnavailable("This is not the URL of a database", advice)
    if kind != "sqlite":
        raise StoreUnavailable(f"No database of the kind {scheme!r} is supported", advice)
    return Sqlite(url)


def _postgres(url: str) -> Dialect:
    try:
        from rollway.store.postgres import Postgres
    except ImportError as error:
        raise StoreUnavailable(
            f"PostgreSQL needs psycopg, which cannot be used here ({error})",
            "pip install 'rollway[postgresql]'",
        ) from error
    return Postgres(url)


async def _prepare(dialect: Dialect, reader: AsyncEngine, writer: AsyncEngine) -> None:
    from rollway.store.dialect import explained

    with explained(dialect):
        # first without the writer, which would already change a foreign file
        await _look(dialect, reader)
        await bring_up_to_date(dialect, writer)


async def _look(dialect: Dialect, reader: AsyncEngine) -> None:
    """Apart where that can be done: aiosqlite leaves a thread behind where it cannot open a file, which nobody can await."""
    from rollway.store.revision import is_to_be_upgraded

    apart = dialect.apart_reader()
    if apart is None:
        async with reader.connect() as connection:
            await connection.run_sync(is_to_be_upgraded, dialect.place)
        return
    try:
        await apart.ask(lambda connection: is_to_be_upgraded(connection, dialect.place))
    finally:
        await apart.aclose()


async def bring_up_to_date(dialect: Dialect, writer: AsyncEngine) -> None:
    """Take the lock even if there is nothing to do: that shows at once whether the database can be written."""
    from rollway.store.revision import is_to_be_upgraded, upgrade

    async with writer.begin() as connection, dialect.preparing(connection):
        if await connection.run_sync(is_to_be_upgraded, dialect.place):
            await connection.run_sync(upgrade)
