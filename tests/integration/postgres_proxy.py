"""A wire to PostgreSQL that can be slow, fall silent, be cut, or lose what the server answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

PIECE = 65536


@dataclass
class Wire:
    """Passes on what comes, for as many connections as are made."""

    server_port: int
    port: int = 0
    delay: float = 0.0
    """Seconds that each message of a client takes."""
    silent: bool = False
    """Nothing is passed on any more, in either direction, and no connection ends."""
    lose_answer_to: bytes | None = None
    """Once a client has sent this, the server gets it, and the connection ends before its answer comes back."""
    carrying: set[asyncio.Task[None]] = field(default_factory=set)
    _ends: set[asyncio.StreamWriter] = field(default_factory=set)

    def cut(self) -> None:
        """End every connection."""
        for end in self._ends:
            end.transport.abort()

    def begin(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        """Somebody has connected."""
        task = asyncio.create_task(self._carry(client, to_client))
        self.carrying.add(task)
        task.add_done_callback(self.carrying.discard)

    async def _carry(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        try:
            server, to_server = await asyncio.open_connection("127.0.0.1", self.server_port)
        except OSError:  # the server is away
            to_client.transport.abort()
            return
        ends = {to_client, to_server}
        self._ends |= ends
        lost = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._ask(client, to_server, lost))
                both.create_task(self._answer(server, to_client, lost))
        except* OSError:
            pass
        finally:
            self._ends -= ends
            for end in ends:
                end.transport.abort()

    async def _ask(
        self, client: asyncio.StreamReader, to_server: asyncio.StreamWriter, lost: asyncio.Event
    ) -> None:
        while data := await client.read(PIECE):
            await asyncio.sleep(self.delay)
            if self.lose_answer_to is not None and self.lose_answer_to in data:
                self.lose_answer_to = None
                lost.set()
            if not self.silent:
                to_server.write(data)
        raise ConnectionResetError

    async def _answer(
        self, server: asyncio.StreamReader, to_client: asyncio.StreamWriter, lost: asyncio.Event
    ) -> None:
        while (data := await server.read(PIECE)) and not lost.is_set():
            if not self.silent:
                to_client.write(data)
        raise ConnectionResetError


@asynccontextmanager
async def wire_to(server_port: int) -> AsyncIterator[Wire]:
    """A wire to this port on a free one."""
    wire = Wire(server_port)
    listener = await asyncio.start_server(wire.begin, "127.0.0.1", 0)
    wire.port = listener.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        listener.close()
        while wire.carrying:
            wire.cut()
            await asyncio.wait(wire.carrying, timeout=0.1)
