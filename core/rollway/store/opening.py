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


async def open_store(url: str, around: Around | None = None) -> Store:
    """Open the database at `url` (`sqlite:////absolute/path/rollway.db`), creating or migrating it where needed.

    `around` is entered around each transaction that writes, with the number of its writes.
    Raises `StoreUnavailable` if it cannot be used: no such folder, no permission, damaged, read-only, not ours, or
    written by a newer version; it is then left as it was.
    """
    from rollway.store.sql_store import SqlStore
    from rollway.store.writer import nothing

    dialect = _dialect(url)
    dialect.check_place()
    reader, writer = dialect.reader(), dialect.writer()
    try:
        await _prepare(dialect, reader, writer)
    except BaseException:
        await reader.dispose()
        await writer.dispose()
        raise
    return SqlStore(dialect, reader, writer, around or nothing)


def _dialect(url: str) -> Dialect:
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    from rollway.store.sqlite import Sqlite

    advice = "Give one like sqlite:////var/lib/rollway/rollway.db"
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # not shown: it may hold a password
        raise StoreUnavailable("This is not the URL of a database", advice) from None
    if parsed.get_backend_name() != "sqlite":
        raise StoreUnavailable(f"No database of the kind {parsed.drivername!r} is supported", advice)
    return Sqlite(parsed)


async def _prepare(dialect: Dialect, reader: AsyncEngine, writer: AsyncEngine) -> None:
    from rollway.store.dialect import explained
    from rollway.store.revision import check_known, stored_revision
    from rollway.store.schema import REVISION

    with explained(dialect):
        # first without the writer, which would already change a foreign file
        async with reader.connect() as connection:
            revision = await connection.run_sync(stored_revision)
        if revision is not None and revision != REVISION:
            check_known(revision, reader.url.database)
        await _bring_up_to_date(writer)


async def _bring_up_to_date(writer: AsyncEngine) -> None:
    """Take the lock even if there is nothing to do: that shows at once whether the database can be written."""
    from rollway.store.revision import stored_revision, upgrade
    from rollway.store.schema import REVISION

    async with writer.begin() as connection:
        if await connection.run_sync(stored_revision) != REVISION:
            await connection.run_sync(upgrade)
