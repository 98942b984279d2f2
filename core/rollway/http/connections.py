"""Connections as the daemon takes them: what is no HTTP gets a problem document, and never are there so many that no
file descriptor is left for the work itself.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import resource
import sys
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from rollway.http.documents import ProblemDocument
from rollway.http.problems import problem, response

ACCEPTED_AT_ONCE: Final = 16
"""asyncio goes on accepting so often after there are no descriptors left, and complains each time."""
QUIET: Final = 10.0
"""Seconds between two complaints that no connection can be accepted."""
NO_DESCRIPTOR: Final = frozenset({errno.EMFILE, errno.ENFILE})

_log = logging.getLogger("rollway.http")


def most_connections() -> int:
    """Half of what this process may open: the rest is for instances, the router and the database."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else max(8, soft // 2)


class Connection(H11Protocol):
    """One connection of uvicorn's, that ends where it asks for nothing, for too much or for what is no HTTP."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take it, unless there are too many; one that stays silent is ended."""
        super().connection_made(transport)
        if len(self.connections) > most_connections():
            detail = f"{len(self.connections) - 1} connections are open, and no more are taken"
            self._end(problem(503, "connections", detail, advice="end those that are not needed"))
            return
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def send_400_response(self, msg: str) -> None:
        """Say what is wrong with bytes that are no request; called while h11's error is being handled."""
        status = int(getattr(sys.exception(), "error_status_hint", 400))
        large = status == 431
        detail = "the header is larger than 64 KiB" if large else f"this is no HTTP/1.1: {sys.exception()}"
        self._end(problem(status, "header-too-large" if large else "http", detail))

    def _end(self, document: ProblemDocument) -> None:
        answer = response(document, {"Connection": "close"})
        reason = document.title.encode()
        for event in (
            h11.Response(status_code=document.status, headers=answer.raw_headers, reason=reason),
            h11.Data(data=bytes(answer.body)),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


class Complaints:
    """An exception handler of an event loop that tells once in a while, in one line, that descriptors are used up."""

    def __init__(self) -> None:
        self._told = float("-inf")

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Tell of an error that nobody awaits."""
        error = context.get("exception")
        if not isinstance(error, OSError) or error.errno not in NO_DESCRIPTOR:
            loop.default_exception_handler(context)
        elif loop.time() - self._told > QUIET:
            self._told = loop.time()
            _log.error("no connection can be accepted: %s; raise the limit of open files", error.strerror)
