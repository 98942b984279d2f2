"""The socket and the server: bound before anything else starts, ended without leaving a follower hanging."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import uvicorn
from fastapi import FastAPI

from rollway.errors import ConfigurationError, Problem, RollwayError
from rollway.http.connections import ACCEPTED_AT_ONCE, Complaints, Connection

GRACE: Final = 3
"""Seconds that calls in flight get when the daemon stops."""
QUEUE: Final = 1024
"""Connections that may wait to be accepted."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A bound socket and the address at which others reach it."""

    socket: socket.socket
    url: str


def bind(listen: str) -> Listener:
    """Take an address, `HOST:PORT`; port 0 takes any free one.

    Raises ConfigurationError for what is no loopback address, RollwayError where it cannot be had.
    """
    host, port = _parse(listen)
    family, address = _loopback(host, port, listen)
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(QUEUE)
        bound.setblocking(False)
    except OSError as error:
        bound.close()
        raise _refused(listen, error) from error
    name, port = bound.getsockname()[:2]
    return Listener(bound, f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}")


def _parse(listen: str) -> tuple[str, int]:
    host, colon, port = listen.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port[:6]) > 65535:
        raise _wrong(f"expected HOST:PORT, for example 127.0.0.1:7700, got {listen[:100]!r}")
    return host.strip("[]"), int(port)


def _loopback(host: str, port: int, listen: str) -> tuple[socket.AddressFamily, tuple[str, int]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _wrong(f"no address is known for {host[:100]!r}: {error}") from None
    addresses = [(family, str(address[0])) for family, _, _, _, address in found]
    if not all(ipaddress.ip_address(name.partition("%")[0]).is_loopback for _, name in addresses):
        raise _wrong(
            f"{listen} can be reached from other machines, and there is no access control yet; "
            "listen on 127.0.0.1:PORT"
        )
    family, name = addresses[0]
    return family, (name, port)


def _wrong(message: str) -> ConfigurationError:
    return ConfigurationError([Problem(None, None, None, "--listen", message)])


def _refused(listen: str, error: OSError) -> RollwayError:
    if error.errno == errno.EADDRINUSE:
        return RollwayError(
            f"{listen} is in use by another program",
            advice="stop that one, or choose another address with --listen (port 0 takes any free one)",
        )
    return RollwayError(f"cannot listen on {listen}: {error.strerror}", advice="choose another with --listen")


class _Server(uvicorn.Server):
    """uvicorn, with signals left to the daemon."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for each in sockets or ():
            each.listen(QUEUE)  # asyncio made the queue as short as its turns at accepting
        self._on_ready()


async def serve(
    app: FastAPI, listener: Listener, stop: asyncio.Event, on_ready: Callable[[str], None] | None = None
) -> None:
    """Serve in the running loop until `stop` is set; `on_ready` gets the address once calls are answered.

    On `stop`, event streams end at once and other calls in flight get GRACE seconds. The socket is closed afterwards.
    """
    server = _Server(_configuration(app), lambda: on_ready(listener.url) if on_ready else None)
    asyncio.get_running_loop().set_exception_handler(Complaints())
    ending = asyncio.create_task(_end(app, server, stop))
    try:
        await server.serve(sockets=[listener.socket])
    finally:
        ending.cancel()
        listener.socket.close()


async def _end(app: FastAPI, server: uvicorn.Server, stop: asyncio.Event) -> None:
    await stop.wait()
    app.state.stopping.set()
    server.should_exit = True


def _configuration(app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        http=Connection,
        backlog=ACCEPTED_AT_ONCE,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )
