"""A short look at a database, however large: where it stands, how fast it commits, when it was last backed up."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rollway.store.maintenance import existing, looking, revision_in
from rollway.store.protocol import StoreUnavailable

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from rollway.store.dialect import Dialect

BACKUP = "backup/last"
TRIAL = "doctor/trial"


@dataclass(frozen=True, slots=True)
class Survey:
    """`revision` is where its tables are, `newest` where this version would bring them; `size` in bytes.

    `ahead` is by how many seconds its server's clock is ahead of this machine's; `backed_up` when `rollway db backup` last
    made a copy (unix seconds).
    """

    place: str
    revision: str
    newest: str
    size: int
    ahead: float
    backed_up: float | None


async def survey(url: str) -> Survey:
    """Look, and change nothing. Raises `StoreUnavailable`, `NoDatabase`."""
    from rollway.store.schema import REVISION

    dialect = existing(url)
    async with looking(dialect) as connection:
        revision = await revision_in(dialect, connection)
        size = await dialect.size(connection)
        return Survey(
            dialect.place, revision, REVISION, size, await _ahead(connection), await _backed_up(connection)
        )


async def _ahead(connection: AsyncConnection) -> float:
    from sqlalchemy import func, select

    theirs = await connection.scalar(select(func.current_timestamp()))
    if not isinstance(theirs, datetime):
        return 0.0
    theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
    return theirs.timestamp() - time.time()


async def _backed_up(connection: AsyncConnection) -> float | None:
    from sqlalchemy import select

    from rollway.store.rows import decode
    from rollway.store.schema import keyed_values

    stored = await connection.scalar(select(keyed_values.c.value).where(keyed_values.c.key == BACKUP))
    at = None if stored is None else decode(stored)
    return float(at) if isinstance(at, int | float) else None


async def commit_seconds(url: str) -> float:
    """Seconds that it takes to make one small row durable. Raises `StoreUnavailable`."""
    async with _writing(existing(url)) as connection:
        began = time.perf_counter()
        await _put(existing(url), connection, TRIAL, time.time())
        await connection.commit()
        return time.perf_counter() - began


async def remember_backup(dialect: Dialect, at: float) -> None:
    """Note in the database that it was backed up; whoever may only read it has a backup that nobody knows of."""
    from sqlalchemy.exc import SQLAlchemyError

    with suppress(StoreUnavailable, SQLAlchemyError):
        async with _writing(dialect) as connection:
            await _put(dialect, connection, BACKUP, at)
            await connection.commit()


async def _put(dialect: Dialect, connection: AsyncConnection, key: str, value: float) -> None:
    from rollway.store.rows import Row, encode
    from rollway.store.schema import keyed_values

    row: Row = {"key": key, "value": encode(value)}
    await connection.execute(dialect.upsert(keyed_values), [row])


@asynccontextmanager
async def _writing(dialect: Dialect) -> AsyncIterator[AsyncConnection]:
    from rollway.store.dialect import explained

    engine = dialect.writer()
    try:
        with explained(dialect):
            async with engine.connect() as connection:
                yield connection
    finally:
        await engine.dispose()
