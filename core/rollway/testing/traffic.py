"""A client of the tests' own that never retries, and a load at a fixed rate that records what became of each request.

A library's client would hide what is measured here: it repeats a request on a connection that broke. This one writes
each request once; whatever then goes wrong is that request's failure.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from rollway.domain.traffic import Address

Headers = tuple[tuple[str, str], ...]
BODILESS = frozenset({204, 304})


class TrafficError(Exception):
    """No whole answer came; the text says what came instead."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP/1.1 answer, headers as sent: order and case kept."""

    status: int
    headers: Headers
    body: bytes
    trailers: Headers = ()

    def header(self, name: str) -> str | None:
        """The first header of this name, whatever its case."""
        return _first(self.headers, name)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request: seconds since the load began, how long it took, and `status` or the `failure`; never both."""

    at: float
    seconds: float
    status: int | None = None
    failure: str | None = None
    release: str | None = None

    @property
    def failed(self) -> bool:
        """No answer, or a 5xx."""
        return self.status is None or self.status >= 500


@dataclass(slots=True)
class Connection:
    """One connection, one request at a time."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    reusable: bool = True

    @classmethod
    async def open(cls, address: Address) -> "Connection":
        """Connect. Raises OSError."""
        return cls(*await asyncio.open_connection(address.host, address.port))

    @property
    def idle(self) -> bool:
        """Fit for another request: neither side has ended it yet."""
        return self.reusable and not self.reader.at_eof() and not self.writer.is_closing()

    async def send(
        self, host: str, path: str = "/", *, method: str = "GET", headers: Headers = (), body: bytes = b""
    ) -> Answer:
        """Write the request once and read its answer. Raises TrafficError or OSError."""
        length = (("Content-Length", str(len(body))),) if body else ()
        lines = [f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in (("Host", host), *headers, *length))]
        self.writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        await self.writer.drain()
        return await self.answer(method)

    async def answer(self, method: str = "GET") -> Answer:
        """Read the answer to a request already written; informational answers are passed over."""
        try:
            while True:
                version, status, headers = await _head(self.reader)
                if status == 101 or status >= 200:
                    break
            closing = (_first(headers, "connection") or "").lower() == "close" or version == "HTTP/1.0"
            self.reusable = not closing and status != 101
            body, trailers = await self._body(method, status, headers)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
            self.reusable = False
            raise TrafficError(f"the answer broke off: {error}") from error
        return Answer(status, headers, body, trailers)

    async def _body(self, method: str, status: int, headers: Headers) -> tuple[bytes, Headers]:
        if method == "HEAD" or status in BODILESS or status == 101:
            return b"", ()
        if "chunked" in (_first(headers, "transfer-encoding") or "").lower():
            return await _chunks(self.reader)
        if (length := _first(headers, "content-length")) is not None:
            return await self.reader.readexactly(int(length)), ()
        self.reusable = False
        return await self.reader.read(), ()

    def close(self) -> None:
        """End it at once."""
        self.writer.close()


async def request(
    address: Address,
    path: str = "/",
    *,
    method: str = "GET",
    headers: Headers = (),
    body: bytes = b"",
    host: str | None = None,
    timeout: float = 10.0,
) -> Answer:
    """One request on a connection of its own. Raises TrafficError, OSError or TimeoutError."""
    async with asyncio.timeout(timeout):
        connection = await Connection.open(address)
        try:
            return await connection.send(
                host or str(address), path, method=method, headers=headers, body=body
            )
        finally:
            connection.close()


def by_header(name: str = "x-release") -> Callable[[Answer], str | None]:
    """Tells the release of an answer by one of its headers."""
    return lambda answer: answer.header(name)


@dataclass(slots=True)
class Load:
    """`rate` requests a second, begun on time whether or not earlier ones have ended; use it with `async with`.

    `keep_alive` takes an idle connection where there is one; otherwise each request has its own and asks to close it.
    A connection that the other side has ended is not taken again: that is no repetition. After the block, every
    request begun has ended and stands in `attempts`.
    """

    address: Address
    rate: float = 200.0
    path: str = "/"
    method: str = "GET"
    headers: Headers = ()
    body: bytes = b""
    keep_alive: bool = True
    timeout: float = 10.0
    release_of: Callable[[Answer], str | None] = field(default_factory=by_header)
    attempts: list[Attempt] = field(default_factory=list)
    _idle: list[Connection] = field(default_factory=list)
    _flying: set[asyncio.Task[None]] = field(default_factory=set)
    _began: float = 0.0
    _pace: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._began = time.monotonic()
        self._pace = asyncio.create_task(self._keep_pace())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pace:
            self._pace.cancel()
            await asyncio.gather(self._pace, return_exceptions=True)
        await asyncio.gather(*self._flying)
        for connection in self._idle:
            connection.close()

    @property
    def failures(self) -> list[Attempt]:
        """Requests without an answer or with a 5xx."""
        return [attempt for attempt in self.attempts if attempt.failed]

    @property
    def releases(self) -> Mapping[str | None, int]:
        """How many answers came from each release."""
        return Counter(attempt.release for attempt in self.attempts if attempt.failure is None)

    @property
    def clock(self) -> float:
        """Seconds since the load began, as in `Attempt.at`."""
        return time.monotonic() - self._began

    async def reach(self, count: int, timeout: float = 30.0) -> None:
        """Wait until `count` requests more than now have ended. Raises TimeoutError."""
        goal = len(self.attempts) + count
        async with asyncio.timeout(timeout):
            while len(self.attempts) < goal:  # noqa: ASYNC110 - each ended request would have to wake it otherwise
                await asyncio.sleep(0.005)

    async def _keep_pace(self) -> None:
        begun = 0
        while True:
            for _ in range(int(self.clock * self.rate) - begun + 1):
                task = asyncio.create_task(self._attempt())
                self._flying.add(task)
                task.add_done_callback(self._flying.discard)
                begun += 1
            await asyncio.sleep(max(0.0, begun / self.rate - self.clock))

    async def _attempt(self) -> None:
        at = self.clock
        try:
            async with asyncio.timeout(self.timeout):
                answer = await self._exchange()
        except TimeoutError:
            self.attempts.append(Attempt(at, self.clock - at, failure=f"no answer in {self.timeout:g} s"))
        except (TrafficError, OSError) as error:
            self.attempts.append(Attempt(at, self.clock - at, failure=f"{type(error).__name__}: {error}"))
        else:
            release = self.release_of(answer)
            self.attempts.append(Attempt(at, self.clock - at, status=answer.status, release=release))

    async def _exchange(self) -> Answer:
        connection = self._take() or await Connection.open(self.address)
        headers = self.headers if self.keep_alive else (*self.headers, ("Connection", "close"))
        kept = False
        try:
            answer = await connection.send(
                str(self.address), self.path, method=self.method, headers=headers, body=self.body
            )
            kept = self.keep_alive and connection.idle
            return answer
        finally:
            if kept:
                self._idle.append(connection)
            else:
                connection.close()

    def _take(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.idle:
                return connection
            connection.close()
        return None


def _first(headers: Headers, name: str) -> str | None:
    return next((value for key, value in headers if key.lower() == name.lower()), None)


async def _head(reader: asyncio.StreamReader) -> tuple[str, int, Headers]:
    first, *rest = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[:-2]
    version, status, *_ = first.split(" ", 2)
    return version, int(status), tuple(_field(line) for line in rest)


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name, value.strip()


async def _chunks(reader: asyncio.StreamReader) -> tuple[bytes, Headers]:
    parts: list[bytes] = []
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        parts.append((await reader.readexactly(size + 2))[:-2])
    trailers: list[tuple[str, str]] = []
    while (line := await reader.readuntil(b"\r\n")) != b"\r\n":
        trailers.append(_field(line[:-2].decode("latin-1")))
    return b"".join(parts), tuple(trailers)
