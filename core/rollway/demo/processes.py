"""What the demo starts itself: the daemon and the load. Each writes what it has to say into the demo's folder."""

import asyncio
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rollway.demo.client import Client
from rollway.demo.errors import DemoError
from rollway.demo.leftovers import MARK
from rollway.demo.load import read_report
from rollway.demo.tally import Tally
from rollway.domain.traffic import Address

READY_WITHIN = 60.0
STOPPED_WITHIN = 15.0
LONGEST_REPORT = 2**24


def free_address() -> Address:
    """A loopback address that nobody listens on, below the ports that outgoing connections take."""
    for port in random.sample(range(20000, 32000), 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return Address("127.0.0.1", port)
    raise DemoError("no free port between 20000 and 32000", advice="Stop something that listens there.")


class Daemon:
    """`rollway daemon` as anybody would start it, with its data and its log in the demo's folder."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self.address = free_address()
        self.log = folder / "daemon.log"
        self._process = _started(
            [*command, "daemon", "--listen", str(self.address), "--data", str(folder / "data")],
            self.log,
            folder,
        )

    @property
    def url(self) -> str:
        """Where its API and console are."""
        return f"http://{self.address}"

    async def until_ready(self, client: Client) -> None:
        """Wait until it serves. Raises DemoError with its last words if it ends or is not ready in time."""
        deadline = time.monotonic() + READY_WITHIN
        while not await client.ready():
            self.check()
            if time.monotonic() > deadline:
                raise DemoError(f"the daemon is not ready after {READY_WITHIN:g} s{last_words(self.log)}")
            await asyncio.sleep(0.1)

    def check(self, within: float = 0.0) -> None:
        """Raises DemoError with its last words if it has ended, or does so within so many seconds."""
        try:
            code = self._process.wait(within)
        except subprocess.TimeoutExpired:
            return
        raise DemoError(f"the daemon has ended with exit code {code}{last_words(self.log)}")

    def stop(self) -> None:
        """SIGTERM, then SIGKILL for one that does not end."""
        self._process.terminate()
        try:
            self._process.wait(STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Visitors:
    """The load in its process, and the tally of what it reports."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.tally = Tally()
        self._process = process
        self._log = log
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def arrive(cls, address: Address, rate: float, folder: Path) -> "Visitors":
        """Begin to send so many requests a second."""
        log = folder / "load.log"
        command = [sys.executable, "-m", "rollway.demo.load", address.host, str(address.port), str(rate)]
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                limit=LONGEST_REPORT,
                start_new_session=True,
                env=_environment(folder),
            )
        return cls(process, log)

    def check(self) -> None:
        """Raises DemoError with its last words if the load has ended by itself."""
        if self._reading.done():
            raise DemoError(f"the load has ended by itself{last_words(self._log)}")

    async def leave(self) -> None:
        """Let the requests in flight end, and count them; nothing is sent any more."""
        if self._process.stdin:
            self._process.stdin.close()
        await self._reading
        await self._process.wait()

    async def end(self) -> None:
        """Whatever state it is in, it is gone after this; a load that has left already stays as it is."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self) -> None:
        output = self._process.stdout
        while output and (line := await output.readline()):
            self.tally.add(read_report(line))


def last_words(log: Path, lines: int = 15) -> str:
    """What a log ends with, to stand behind a sentence; says so where there is nothing."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        return f"; its log cannot be read: {error}"
    if not text:
        return "; it wrote nothing"
    return "; its last lines:\n" + "\n".join(f"  {line}" for line in text[-lines:])


def _environment(folder: Path) -> Mapping[str, str]:
    return {**os.environ, MARK: str(folder), "PYTHONUNBUFFERED": "1"}


def _started(command: Sequence[str], log: Path, folder: Path) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C is for the demo, which ends the others in order.
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=_environment(folder),
        )
