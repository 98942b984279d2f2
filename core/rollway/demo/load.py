"""The load: `python -m rollway.demo.load HOST PORT RATE`, a process of its own beside daemon and proxy.

So many requests are begun each second, on time whether or not earlier ones have ended, over keep-alive connections; none is
ever repeated. Each line of standard output is a JSON list of what has ended since the line before, as
`[at, seconds, status, release]`. It ends, after the requests in flight, when its standard input does: also when the
one who started it is gone.
"""

import asyncio
import json
import random
import sys
import time
from contextlib import suppress

from rollway.demo.pace import Pace
from rollway.demo.tally import Answer
from rollway.demo.visitor import Page, Visitor
from rollway.domain.traffic import Address
from rollway.testing.traffic import Answer as Reply
from rollway.testing.traffic import Connection, TrafficError

WORKERS = 32
TIMEOUT = 10.0
REPORT_EVERY = 0.1
FORM = ("Content-Type", "application/x-www-form-urlencoded")


class Load:
    """Visitors that ask one address at a rate until they are told to stop."""

    def __init__(self, address: Address, rate: float) -> None:
        self._address = address
        self._pace = Pace(rate, time.monotonic())
        self._stopping = False
        self._ended: list[Answer] = []

    def stop(self) -> None:
        """Begin no request any more."""
        self._stopping = True

    def take(self) -> list[Answer]:
        """What has ended since the last call."""
        ended, self._ended = self._ended, []
        return ended

    async def run(self, seed: int = 0) -> None:
        """Send until stopped; returns when the last request in flight has ended."""
        async with asyncio.TaskGroup() as group:
            for number in range(WORKERS):
                group.create_task(self._work(Visitor(random.Random(f"{seed}/{number}"))))  # noqa: S311 - chance, not secrecy

    async def _work(self, visitor: Visitor) -> None:
        connection: Connection | None = None
        while not self._stopping:
            now = time.monotonic()
            # Also one that is late lets the others have their turn.
            await asyncio.sleep(max(0.0, self._pace.due(now) - now))
            connection = await self._ask(connection, visitor)
        if connection:
            connection.close()

    async def _ask(self, connection: Connection | None, visitor: Visitor) -> Connection | None:
        began = time.monotonic()
        status = release = None
        try:
            async with asyncio.timeout(TIMEOUT):
                connection = await self._connected(connection)
                reply = await self._send(connection, visitor.next(), visitor.cookie)
            status, release = reply.status, reply.header("x-release")
            visitor.receive(reply.header("set-cookie"))
        except (TrafficError, OSError, TimeoutError):
            if connection:
                connection.close()
            connection = None
        now = time.monotonic()
        self._ended.append(Answer(now, now - began, status, release))
        return connection

    async def _send(self, connection: Connection, page: Page, cookie: str) -> Reply:
        headers = [("Cookie", cookie)] if cookie else []
        if page.method == "POST":
            # A checkout has an empty form, and says so.
            headers += [FORM] if page.form else [("Content-Length", "0")]
        return await connection.send(
            str(self._address), page.path, method=page.method, headers=tuple(headers), body=page.form
        )

    async def _connected(self, connection: Connection | None) -> Connection:
        if connection and connection.idle:
            return connection
        if connection:
            connection.close()
        return await Connection.open(self._address)


def report(answers: list[Answer]) -> str:
    """One line of standard output."""
    return json.dumps([[answer.at, answer.seconds, answer.status, answer.release] for answer in answers])


def read_report(line: str | bytes) -> list[Answer]:
    """The answers in one line of standard output. Raises ValueError."""
    return [Answer(*fields) for fields in json.loads(line)]


async def _until_end_of_input(load: Load) -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
    load.stop()


async def _report(load: Load) -> None:
    while True:
        await asyncio.sleep(REPORT_EVERY)
        _write(load)


def _write(load: Load) -> None:
    sys.stdout.write(report(load.take()) + "\n")
    sys.stdout.flush()


async def _main(address: Address, rate: float) -> None:
    load = Load(address, rate)
    waiting = [asyncio.create_task(_until_end_of_input(load)), asyncio.create_task(_report(load))]
    await load.run()
    for task in waiting:
        task.cancel()
    _write(load)


if __name__ == "__main__":
    with suppress(BrokenPipeError, KeyboardInterrupt):
        asyncio.run(_main(Address(sys.argv[1], int(sys.argv[2])), float(sys.argv[3])))
