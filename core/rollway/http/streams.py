"""A rollout's log as server-sent events (WHATWG HTML, section 9.2), resumable after any event."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import Request

from rollway.domain.events import Fact, RolloutEnded
from rollway.engine.usecases import UseCases
from rollway.http import projection
from rollway.http.problems import Refused
from rollway.store.protocol import StoreUnavailable

MEDIA_TYPE: Final = "text/event-stream"
KEEP_ALIVE: Final = 1.0
"""Seconds between two signs of life of a stream in which nothing happens."""
HELLO: Final = b"retry: 1000\n\n"
ALIVE: Final = b": alive\n\n"


def wanted(request: Request) -> bool:
    """Whether the caller asks for a stream."""
    return MEDIA_TYPE in request.headers.get("accept", "")


def resumed_after(request: Request, after: int) -> int:
    """The event to go on after: `Last-Event-ID`, or `after`. Raises Refused (400) for what is no id."""
    last = request.headers.get("last-event-id", "")
    if not last:
        return after
    if not (last.isascii() and last.isdigit() and len(last) <= 15):
        raise Refused(400, "last-event-id", "Last-Event-ID is the seq of an event, a number")
    return int(last)


def message(fact: Fact) -> bytes:
    """One event of the log as an event of the stream."""
    document = projection.event(fact)
    return f"id: {fact.seq}\nevent: {document.type}\ndata: {document.model_dump_json()}\n\n".encode()


async def stream(usecases: UseCases, id_: str, after: int, stopping: asyncio.Event) -> AsyncIterator[bytes]:
    """The events above `after` as they come, until the rollout has ended or the daemon stops.

    It also ends, for the follower to come back, when the store cannot be read.
    """
    yield HELLO
    with contextlib.suppress(StoreUnavailable):
        while not stopping.is_set():
            for fact in await usecases.facts(id_, after):
                yield message(fact)
                after = fact.seq
                if isinstance(fact.event, RolloutEnded):
                    return
            if not await _news(usecases, id_, after, stopping):
                yield ALIVE


async def _news(usecases: UseCases, id_: str, after: int, stopping: asyncio.Event) -> bool:
    """Wait for an event above `after`, no longer than KEEP_ALIVE or the daemon lives; whether there is one."""
    changed = asyncio.ensure_future(usecases.changed(id_, after, KEEP_ALIVE))
    stopped = asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait({changed, stopped}, return_when=asyncio.FIRST_COMPLETED)
        return changed.done() and changed.result()
    finally:
        for each in (changed, stopped):
            each.cancel()
        await asyncio.gather(changed, stopped, return_exceptions=True)
