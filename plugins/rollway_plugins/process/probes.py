"""One check of one instance, over TCP or HTTP."""

import asyncio
import errno

from rollway.api import Address
from rollway_plugins.process.settings import HealthSettings

_HEAD = 32 * 1024
_REST = 256 * 1024
_REST_SECONDS = 0.2


_OUR_OWN = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EADDRNOTAVAIL})
"""The daemon is short of something; that says nothing of the instance."""


async def probe(address: Address, settings: HealthSettings) -> str | None:
    """What is wrong with it, in words for an operator: empty where it passed, None where it could not be checked."""
    what = f"GET {settings.path}" if settings.path else f"connection to {address}"
    try:
        async with asyncio.timeout(settings.timeout):
            return await _check(address, settings.path)
    except TimeoutError:
        return f"{what}: no answer within {settings.timeout:g} s"
    except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
        own = isinstance(error, OSError) and error.errno in _OUR_OWN
        return None if own else _words(error, what, address)


def _words(error: Exception, what: str, address: Address) -> str:
    if isinstance(error, OSError):
        code = error.errno
        if code == errno.ECONNREFUSED:
            return f"connection refused on {address}"
        return f"{what}: {error.strerror or 'the connection broke'}"
    if isinstance(error, EOFError):
        return f"{what}: the connection was closed without an answer"
    return f"{what}: what came back is not HTTP"


async def _check(address: Address, path: str | None) -> str:
    reader, writer = await asyncio.open_connection(address.host, address.port, limit=_HEAD)
    try:
        return await _get(reader, writer, address, path) if path else ""
    finally:
        writer.transport.abort() if path is None else writer.close()


async def _get(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: Address, path: str
) -> str:
    writer.write(
        f"GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: rollway-health\r\n"
        "Accept: */*\r\nConnection: close\r\n\r\n".encode("ascii")
    )
    head = await reader.readuntil(b"\r\n\r\n")
    status = _status(head)
    await _rest(reader)
    return "" if 200 <= status < 400 else f"GET {path} answered {status}"


def _status(head: bytes) -> int:
    version, _, rest = head.partition(b" ")
    if not version.startswith(b"HTTP/"):
        raise ValueError("not HTTP")
    return int(rest[:3])


async def _rest(reader: asyncio.StreamReader) -> None:
    """Take what still comes, for a while, so that the application does not log a broken pipe for each check."""
    try:
        async with asyncio.timeout(_REST_SECONDS):
            left = _REST
            while left > 0 and (block := await reader.read(left)):
                left -= len(block)
    except (TimeoutError, OSError):
        return
