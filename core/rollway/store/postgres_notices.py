"""How daemons on one PostgreSQL hear of each other's appends: NOTIFY in the transaction that appends."""

import asyncio
import json
import logging
from collections.abc import Callable, Collection, Iterator
from typing import Final

import psycopg

from rollway.store.postgres_connection import Connection, Place
from rollway.store.postgres_faults import explained_fault
from rollway.store.postgres_rows import CHANNEL
from rollway.store.protocol import StoreUnavailable

log = logging.getLogger(__name__)

QUIET_S: Final = 2.0
"""Seconds without a notice after which the server is asked whether it is there."""
AGAIN_S: Final = 0.25, 2.0
"""Seconds until the first and between later attempts to connect again."""

_MOST = 7900  # bytes; PostgreSQL takes fewer than 8000
_SOME = "null"


def payloads(streams: Collection[str]) -> list[str]:
    """Name the streams, as lists in JSON that the server takes; `null` where one is too long to be named."""
    return list(_packed([json.dumps(stream) for stream in sorted(streams)]))


def _packed(names: Collection[str]) -> Iterator[str]:
    pack: list[str] = []
    size = 0
    for name in names:
        if len(name) + 2 > _MOST:
            yield _SOME
            continue
        if size + len(name) + 2 > _MOST:
            yield f"[{','.join(pack)}]"
            pack, size = [], 0
        pack.append(name)
        size += len(name) + 1
    if pack:
        yield f"[{','.join(pack)}]"


def streams_of(payload: str) -> list[str] | list[None]:
    """Read what `payloads` wrote; anybody may announce anything on a channel."""
    try:
        streams = json.loads(payload)
    except ValueError:
        return [None]
    if isinstance(streams, list) and all(isinstance(stream, str) for stream in streams):
        return streams
    return [None]


async def notices(place: Place, mine: Callable[[], int], told: Callable[[str | None], None]) -> None:
    """Tell of every append but those of the session `mine`; None after each time that some may have been missed."""
    failures = 0
    while True:
        try:
            connection = await place.connect(f"LISTEN {CHANNEL}")
            async with connection:
                await connection.set_autocommit(True)
                failures = 0
                told(None)
                await _pass_on(connection, mine, told)
        except (psycopg.Error, OSError, StoreUnavailable) as error:
            failures += 1
            if failures == 1:
                log.warning("not listening to other daemons: %s", explained_fault(error, place) or error)
        await asyncio.sleep(AGAIN_S[0] if failures < 2 else AGAIN_S[1])


async def _pass_on(
    connection: Connection, mine: Callable[[], int], told: Callable[[str | None], None]
) -> None:
    while True:
        async for notice in connection.notifies(timeout=QUIET_S):
            if notice.pid != mine():
                for stream in streams_of(notice.payload):
                    told(stream)
        await connection.execute("SELECT 1")
