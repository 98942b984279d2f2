"""What is done to a whole database beside a daemon: checked, brought up to date, copied."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rollway.store.protocol import StoreUnavailable

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from rollway.store.dialect import Dialect

SHOWN = 20
"""Problems of one kind that are named; who has more needs a backup, not a list."""


@dataclass(frozen=True, slots=True)
class Checkup:
    """What a database is like. `newest` is the revision this version would bring it to; `size` is in bytes."""

    place: str
    revision: str
    newest: str
    size: int
    streams: int
    events: int
    problems: tuple[str, ...]

    @property
    def current(self) -> bool:
        """Whether this version has nothing to migrate: it is as new as this version, or newer."""
        return self.revision >= self.newest


class NoDatabase(StoreUnavailable):
    """There is none at that place."""


async def check(url: str) -> Checkup:
    """Look at everything and change nothing, also while daemons use it. Raises `StoreUnavailable`, `NoDatabase`."""
    from rollway.store.consistency import count, inconsistencies
    from rollway.store.schema import REVISION

    dialect = existing(url)
    async with looking(dialect) as connection:
        revision = await revision_in(dialect, connection)
        streams, events = await count(connection)
        problems = [*await dialect.damage(connection), *await inconsistencies(connection, SHOWN)]
        size = await dialect.size(connection)
    return Checkup(dialect.place, revision, REVISION, size, streams, events, tuple(problems))


async def upgrade(url: str) -> tuple[str, str]:
    """Bring an existing database up to date; the revisions it was and is at. Raises as `open_store`, and `NoDatabase`."""
    from rollway.store.opening import open_store

    before = await _stored(existing(url))
    await (await open_store(url)).aclose()
    return before, await _stored(existing(url))


async def backup(url: str, to: Path) -> int:
    """Write a copy as of one moment to a new file, while daemons go on; its bytes.

    The file is there whole or not at all. Raises `StoreUnavailable`, `NoDatabase`, and FileExistsError.
    """
    from rollway.store.survey import remember_backup

    dialect = existing(url)
    await _stored(dialect)  # that of somebody else is not copied
    with _whole_or_not(to) as part:
        await dialect.copy(part)
    await remember_backup(dialect, time.time())
    return _size(to)


def existing(url: str) -> Dialect:
    """The dialect of a database that is there."""
    from rollway.store.opening import dialect_of

    dialect = dialect_of(url)
    if not dialect.exists():
        raise NoDatabase(
            f"there is no database at {dialect.place}", "`rollway daemon` makes one when it starts"
        )
    dialect.check_place()
    return dialect


async def _stored(dialect: Dialect) -> str:
    async with looking(dialect) as connection:
        return await revision_in(dialect, connection)


async def revision_in(dialect: Dialect, connection: AsyncConnection) -> str:
    """The revision a database is at. Raises `NoDatabase` for an empty one."""
    from rollway.store.revision import stored_revision

    revision = await connection.run_sync(stored_revision, dialect.place)
    if revision is None:
        raise NoDatabase(
            f"the database {dialect.place} is empty", "`rollway daemon` makes its tables when it starts"
        )
    return revision


@asynccontextmanager
async def looking(dialect: Dialect) -> AsyncIterator[AsyncConnection]:
    """A connection that reads, each statement as slowly as need be. Raises `StoreUnavailable`."""
    from rollway.store.dialect import explained

    engine = dialect.reader()
    try:
        with explained(dialect):
            async with engine.connect() as connection, dialect.unhurried(connection):
                yield connection
    finally:
        await engine.dispose()


@contextmanager
def _whole_or_not(to: Path) -> Iterator[Path]:
    """Give a file beside it, which takes its place when it is complete and on the disk; only its owner may read it."""
    if to.exists():
        raise FileExistsError(to)
    part = to.with_name(f"{to.name}.part")
    try:
        part.touch(mode=0o600)
        yield part
        _sync(part)
        part.replace(to)
        _sync(to.parent)
    except OSError as error:
        raise StoreUnavailable(f"{to} cannot be written: {error.strerror}", "Give another file") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _size(path: Path) -> int:
    return path.stat().st_size
