"""A small real web server to stand behind a router in tests: it shows what reached it and misbehaves on demand."""

import asyncio
import base64
import hashlib
import json
from dataclasses import dataclass, field

from rollway.domain.traffic import Address
from rollway.testing.traffic import Headers

WEBSOCKET_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it arrived: request line, headers with order and case, body, trailers."""

    line: str
    headers: Headers
    body: bytes
    trailers: Headers = ()

    @property
    def path(self) -> str:
        """Its target, as written."""
        return self.line.split(" ")[1]

    def header(self, name: str) -> str | None:
        """The first header of this name, whatever its case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass(slots=True)
class Origin:
    """One instance of `release` on a free loopback port; use it with `async with`.

    `/` answers `status` with `X-Release`; `/slow` after `pause` seconds; `/stream` sends an event each 50 ms for ever;
    `/socket` echoes over a WebSocket's connection; `/cut` breaks off before the answer, `/torn` in its middle;
    `/trailers` ends with one. `received` holds every request.
    """

    release: str
    status: int = 200
    pause: float = 30.0
    headers: Headers = ()
    received: list[Received] = field(default_factory=list)
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def __aenter__(self) -> "Origin":
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, backlog=1024)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def address(self) -> Address:
        """Where it answers."""
        assert self._server is not None, "not started"
        host, port = self._server.sockets[0].getsockname()[:2]
        return Address(host, port)

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._open)

    async def stop(self) -> None:
        """End it and every connection at once, as kill -9 would."""
        if self._server is None:
            return
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        self._server = None

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while await self._serve(reader, writer):
                pass
        except (OSError, EOFError, ValueError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        request = await _read(reader, writer)
        self.received.append(request)
        answer = {
            "/slow": self._slow,
            "/stream": self._stream,
            "/socket": self._socket,
            "/cut": self._cut,
            "/torn": self._torn,
            "/trailers": self._trailers,
        }.get(request.path.partition("?")[0], self._plain)
        if answer == self._socket:
            return await self._socket(request, writer, reader)
        return await answer(request, writer)

    async def _plain(self, request: Received, writer: asyncio.StreamWriter) -> bool:
        seen = json.dumps(
            {"line": request.line, "headers": request.headers, "body": len(request.body)}
        ).encode()
        if "bytes=" in request.path:
            seen = b"x" * int(request.path.partition("bytes=")[2])
        self._head(writer, self.status, ("Content-Length", str(len(seen))))
        writer.write(b"" if request.line.startswith("HEAD") else seen)
        await writer.drain()
        return (request.header("connection") or "").lower() != "close"

    async def _slow(self, request: Received, writer: asyncio.StreamWriter) -> bool:
        await asyncio.sleep(self.pause)
        return await self._plain(request, writer)

    async def _stream(self, request: Received, writer: asyncio.StreamWriter) -> bool:
        self._head(writer, 200, ("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked"))
        while True:
            writer.write(b"9\r\ndata: x\n\n\r\n")
            await writer.drain()
            await asyncio.sleep(0.05)

    async def _socket(
        self, request: Received, writer: asyncio.StreamWriter, reader: asyncio.StreamReader | None = None
    ) -> bool:
        assert reader is not None
        key = (request.header("sec-websocket-key") or "").encode()
        accept = base64.b64encode(
            hashlib.sha1(key + WEBSOCKET_MAGIC, usedforsecurity=False).digest()
        ).decode()
        self._head(
            writer, 101, ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept)
        )
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        return False

    async def _cut(self, request: Received, writer: asyncio.StreamWriter) -> bool:
        writer.transport.abort()
        return False

    async def _torn(self, request: Received, writer: asyncio.StreamWriter) -> bool:
        self._head(writer, 200, ("Content-Length", "1000"))
        writer.write(b"x" * 10)
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.transport.abort()
        return False

    async def _trailers(self, request: Received, writer: asyncio.StreamWriter) -> bool:
        self._head(writer, 200, ("Transfer-Encoding", "chunked"), ("Trailer", "X-Sum"))
        writer.write(b"3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n")
        await writer.drain()
        return True

    def _head(self, writer: asyncio.StreamWriter, status: int, *headers: tuple[str, str]) -> None:
        lines = [f"{name}: {value}" for name, value in (("X-Release", self.release), *self.headers, *headers)]
        writer.write("\r\n".join([f"HTTP/1.1 {status} Whatever", *lines, "", ""]).encode("latin-1"))


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Received:
    line, *rest = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[:-2]
    headers = tuple(_field(text) for text in rest)
    head = Received(line, headers, b"")
    if (head.header("expect") or "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if "chunked" in (head.header("transfer-encoding") or ""):
        parts: list[bytes] = []
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            parts.append((await reader.readexactly(size + 2))[:-2])
        trailers: list[tuple[str, str]] = []
        while (last := await reader.readuntil(b"\r\n")) != b"\r\n":
            trailers.append(_field(last[:-2].decode("latin-1")))
        return Received(line, headers, b"".join(parts), tuple(trailers))
    return Received(line, headers, await reader.readexactly(int(head.header("content-length") or 0)))


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name, value.strip()
