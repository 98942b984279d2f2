"""Several daemons of one node on one PostgreSQL, each in a process of its own; and what tests of disasters ask of them."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from rollway.http.documents import EventDocument
from rollway.testing.postgres import PostgresServer
from tests.acceptance.harness import Found, Site, step_of
from tests.integration.postgres_proxy import Wire, wire_to

TAKEN_OVER = 10.0
"""Seconds within which whatever a lost daemon drove is driven by another."""


@dataclass
class Daemon(Site):
    """One daemon of a site that it shares with others: `folder` and `visitors` are theirs too."""

    name: str = "a"
    database: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        return self.folder / f"data-{self.name}"

    @property
    def log(self) -> str:
        path = self.folder / f"daemon-{self.name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def begin(self) -> None:
        """Start it, and do not wait."""
        command = [sys.executable, "-m", "rollway", "daemon", "--listen", str(self.api)]
        command += ["--data", str(self.data), "--database", self.database]
        variables = {**os.environ, **self.environment}
        with (self.folder / f"daemon-{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, env=variables)

    def start(self, **environment: str) -> None:
        self.environment = {**self.environment, **environment}
        self.begin()
        self.until(lambda: self._serves(), f"daemon {self.name} serves")

    def freeze(self) -> None:
        """Stop it in its tracks: its connections stay open, and it does nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def readiness(self) -> tuple[int, str]:
        """What /readyz says."""
        answer = httpx.get(f"http://{self.api}/readyz", timeout=10.0)
        return answer.status_code, answer.text

    def said(self, text: str) -> Callable[[], bool]:
        """Whether it says this from now on, when asked."""
        before = len(self.log)
        return lambda: text in self.log[before:]


@dataclass
class Daemons:
    """All of them. What is asked of the site is asked of the first that lives."""

    server: PostgresServer
    database: str
    each: Sequence[Daemon]

    @property
    def living(self) -> list[Daemon]:
        """Those that were started and not ended."""
        return [one for one in self.each if one.process is not None and one.process.poll() is None]

    def driver(self) -> Daemon | None:
        """Who holds the node's lease, as the database has it."""
        held = "SELECT url FROM members JOIN leases ON member = id WHERE lease LIKE 'node/%'"
        urls = {str(url) for (url,) in self.server.execute(held, self.database)}
        return next((one for one in self.living if f"http://{one.api}" in urls), None)

    def driving(self) -> Daemon:
        """Wait until there is one."""
        return self.each[0].until(self.driver, "somebody drives")

    def other(self, than: Daemon) -> Daemon:
        """Another living one."""
        return next(one for one in self.living if one is not than)

    def taken_from(self, lost: Daemon, timeout: float = TAKEN_OVER) -> Daemon:
        """Wait until another has what this one drove; who that is."""
        return self.other(lost).until(
            lambda: heir if (heir := self.driver()) is not lost else None, "another takes over", timeout
        )

    def restart(self) -> None:
        """Start those that were ended."""
        ended = [one for one in self.each if one not in self.living]
        for one in ended:
            one.begin()
        for one in ended:
            one.until(lambda one=one: one._serves(), f"daemon {one.name} serves")  # type: ignore[misc]

    def close(self) -> None:
        """End everything."""
        for one in self.each:
            if one.process is not None and one.process.poll() is None:
                one.process.kill()
                one.process.wait()
        self.each[0].close()


@contextmanager
def daemons(
    server: PostgresServer, folder: Path, *, names: str = "ab", port: int | None = None, **site: object
) -> Iterator[Daemons]:
    """So many daemons on a database of their own, that serve an application whose release 1.0 is stable."""
    database = server.new_database()
    url = server.url(database, port=port)
    first = Daemon(folder, name=names[0], database=url, **site)  # type: ignore[arg-type]
    others = [
        Daemon(folder, name=name, database=url, visitors=first.visitors, **site)  # type: ignore[arg-type]
        for name in names[1:]
    ]
    together = Daemons(server, database, [first, *others])
    try:
        first.start()
        for one in others:
            one.begin()
        first.apply()
        first.stable()
        together.restart()
        yield together
    finally:
        together.close()
        server.drop_database(database)


@contextmanager
def wire_beside(server: PostgresServer) -> Iterator[Wire]:
    """A wire to the server that runs beside the test, in a thread."""
    ready, over = threading.Event(), asyncio.Event()
    laid: list[tuple[asyncio.AbstractEventLoop, Wire]] = []

    async def carry() -> None:
        async with wire_to(server.port) as wire:
            laid.append((asyncio.get_running_loop(), wire))
            ready.set()
            await over.wait()

    thread = threading.Thread(target=asyncio.run, args=(carry(),), daemon=True)
    thread.start()
    assert ready.wait(10.0)
    loop, wire = laid[0]
    try:
        yield wire
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10.0)


def events_after(site: Site, id_: str, seq: int) -> list[EventDocument]:
    """What was appended to a rollout's log since."""
    return [event for event in site.events(id_) if event.seq > seq]


def at_step(site: Site, id_: str, kind: str, nth: int = 1) -> EventDocument:
    """Wait until the `nth` step of this kind has begun: the latest event then."""
    number = [step.index for step in site.rollout(id_).plan if step.kind == kind][nth - 1]

    def begun() -> EventDocument | None:
        events = site.events(id_)
        there = any(e.type == "StepStarted" and step_of(e) == number for e in events)
        return events[-1] if there else None

    return site.until(begun, f"a step {kind}")


def assert_done_once(events: Sequence[EventDocument]) -> None:
    """Every step begun was finished, once, and each in its turn."""
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    for type_ in ("StepStarted", "StepFinished"):
        steps = [step_of(event) for event in events if event.type == type_]
        assert steps == list(range(1, len(steps) + 1)), f"{type_}: {steps}"
    assert [event.type for event in events].count("RolloutEnded") == 1


def soon(found: Callable[[], Found | None], what: str, seconds: float) -> float:
    """Wait for a condition with a bound; how long it took."""
    began = time.monotonic()
    while not found():
        assert time.monotonic() - began < seconds, f"not within {seconds:g} s: {what}"
        time.sleep(0.02)
    return time.monotonic() - began
