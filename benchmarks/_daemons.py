"""Daemons in processes of their own, with the plugins of `_plugins`, and applications for them to deliver."""

import asyncio
import contextlib
import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Self

import httpx
import psutil

from rollway.store import sqlite_url
from tests.acceptance.harness import free_port

PLUGINS = Path(__file__).parent / "_plugins"
ROLLWAY = ("-m", "rollway")
PROFILED = ("-m", "cProfile", "-o")
STEPS = tuple({"weight": f"{weight}%", "hold": "1s"} for weight in (10, 20, 30, 50, 75))
STARTS_IN = 120.0
"""Seconds within which a daemon answers at the slowest."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has used of a processor (seconds) and holds in memory (bytes), at a time (monotonic seconds)."""

    at: float
    cpu: float
    rss: int

    def cores(self, before: "Usage") -> float:
        """Cores in use since then."""
        return (self.cpu - before.cpu) / (self.at - before.at)


@dataclass
class Daemon:
    """One daemon. With the variable PROFILE=FILE the first one writes a profile of itself there when it ends."""

    folder: Path
    database: str | None = None
    profile: str | None = None
    url: str = ""
    process: subprocess.Popen[bytes] | None = None
    started_in: float = 0.0
    environment: Mapping[str, str] = field(default_factory=dict)

    def start(self) -> Self:
        """Start it, and wait for its first answer."""
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        program = (*PROFILED, self.profile, *ROLLWAY) if self.profile else ROLLWAY
        command = [sys.executable, *program, "daemon", "--listen", f"127.0.0.1:{port}"]
        command += ["--data", str(self.folder), "--log-level", "warning"]
        command += ["--database", self.database] if self.database else []
        env = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(PLUGINS), os.environ.get("PYTHONPATH", ""))),
            **self.environment,
        }
        began = time.perf_counter()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
        until(lambda: self._answers("/healthz"), "the daemon answers", STARTS_IN, every=0.005)
        self.started_in = time.perf_counter() - began
        return self

    @property
    def log(self) -> Path:
        """What it says."""
        return self.folder.with_suffix(".log")

    @property
    def store(self) -> str:
        """The URL of its database."""
        return self.database or sqlite_url(self.folder / "rollway.db")

    def ready(self) -> bool:
        """Whether it serves everything that it found."""
        return self._answers("/readyz")

    def _answers(self, path: str) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()[-4000:]
        try:
            return httpx.get(f"{self.url}{path}", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def usage(self) -> Usage:
        """As of now."""
        assert self.process is not None
        process = psutil.Process(self.process.pid)
        times = process.cpu_times()
        return Usage(time.monotonic(), times.user + times.system, process.memory_info().rss)

    def metrics(self) -> "Metrics":
        """As scraped now."""
        return Metrics.parsed(httpx.get(f"{self.url}/metrics", timeout=60).text)

    def stop(self) -> None:
        """End it with SIGTERM; with SIGKILL where that takes too long."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass(frozen=True, slots=True)
class Metrics:
    """A scrape: each series by its line without the value."""

    series: Mapping[str, float]

    @classmethod
    def parsed(cls, text: str) -> Self:
        """From the text format."""
        lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return cls({name: float(value) for name, _, value in lines})

    def since(self, before: "Metrics") -> "Metrics":
        """What was added."""
        return Metrics({name: value - before.series.get(name, 0.0) for name, value in self.series.items()})

    def quantile(self, histogram: str, share: float) -> float:
        """An upper bound of a quantile, within its bucket in proportion."""
        head = f'{histogram}_bucket{{le="'
        buckets = [(n[len(head) : -2], v) for n, v in self.series.items() if n.startswith(head)]
        ordered = sorted((float(le), count) for le, count in buckets)
        wanted, low, below = share * ordered[-1][1] if ordered else 0.0, 0.0, 0.0
        for bound, count in ordered:
            if count >= wanted:
                part = (wanted - below) / (count - below) if count > below else 0.0
                return low + (bound - low) * part if bound != float("inf") else bound
            low, below = bound, count
        return low


def together(found: Sequence[Metrics]) -> Metrics:
    """The sum over daemons."""
    names = {name for each in found for name in each.series}
    return Metrics({name: sum(each.series.get(name, 0.0) for each in found) for name in names})


@contextlib.contextmanager
def daemons(
    count: int = 1, database: str | None = None, folder: Path | None = None
) -> Iterator[list[Daemon]]:
    """So many daemons, each with a data folder of its own; ended and cleared away afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        place = folder or Path(name)
        profile = os.environ.get("PROFILE")
        found = [Daemon(place / f"data-{n}", database, profile if n == 0 else None) for n in range(count)]
        try:
            for each in found:
                each.start()
            yield found
        finally:
            for each in found:
                each.stop()


def until(found: Callable[[], object], what: str, timeout: float = 60.0, every: float = 0.1) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + timeout
    while not found():
        assert time.monotonic() < deadline, f"waited {timeout:g} s for {what}"
        time.sleep(every)


def application(name: str, **strategy: object) -> dict[str, Any]:
    """The deploy.yaml of an application with one environment of one instance, as JSON."""
    production = {
        "target": {"use": "bench", "instances": 1},
        "router": {"use": "bench"},
        "strategy": {"use": "canary", "steps": list(STEPS), **strategy},
        "monitors": [{"use": "error-rate", "tolerance": "1%"}],
    }
    return {"version": 1, "application": name, "environments": {"prod": production}}


class Caller:
    """The API of many daemons, called in turn."""

    def __init__(self, urls: Sequence[str]) -> None:
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=100)
        self._clients = [
            httpx.AsyncClient(base_url=f"{url}/api/v1", timeout=60, limits=limits) for url in urls
        ]
        self._calls = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for client in self._clients:
            await client.aclose()

    async def send(self, method: str, path: str, **body: Any) -> httpx.Response:
        """One call of the next daemon."""
        self._calls += 1
        return await self._clients[self._calls % len(self._clients)].request(method, path, **body)

    async def must(self, method: str, path: str, **body: Any) -> Any:
        """One call that has to succeed; its JSON."""
        answer = await self.send(method, path, **body)
        assert answer.is_success, answer.text
        return answer.json()

    async def artifact(self) -> str:
        """An artifact that is sent to the first daemon; its digest."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            tar.addfile(tarfile.TarInfo("nothing"), io.BytesIO())
        digest = f"sha256:{hashlib.sha256(packed.getvalue()).hexdigest()}"
        put = self._clients[0].put
        answer = await put(
            f"/artifacts/{digest}", content=packed.getvalue(), headers={"content-type": "application/x-tar"}
        )
        assert answer.is_success, answer.text
        return digest

    async def prepare(self, names: Sequence[str], **strategy: object) -> None:
        """Register these applications with the releases 1, 2 and 3; the first is made stable everywhere."""
        digest = await self.artifact()

        async def one(name: str) -> None:
            await self.must("PUT", f"/applications/{name}", json=application(name, **strategy))
            for release in "123":
                body = {"application": name, "name": release, "artifact": digest}
                await self.must("POST", "/releases", json=body)
            await self.deploy(name, "1")

        await in_turns([partial(one, name) for name in names], 8)
        await self.at_rest()

    async def deploy(self, name: str, release: str) -> httpx.Response:
        """Begin a rollout."""
        body = {"application": name, "environment": "prod", "release": release}
        return await self.send("POST", "/rollouts", json=body)

    async def busy(self) -> set[str]:
        """The applications with a rollout under way."""
        found: set[str] = set()
        page: dict[str, Any] = {"next": ""}
        while (cursor := page["next"]) is not None:
            path = f"/rollouts?unfinished=true&limit=200&cursor={cursor}".removesuffix("&cursor=")
            page = await self.must("GET", path)
            found |= {row["application"] for row in page["items"]}
        return found

    async def at_rest(self, timeout: float = 240.0) -> None:
        """Wait until no rollout is under way."""
        async with asyncio.timeout(timeout):
            while await self.busy():  # noqa: ASYNC110 - nobody here is told
                await asyncio.sleep(0.5)


async def in_turns(work: Sequence[Callable[[], Awaitable[object]]], at_once: int) -> None:
    """Do all of it, so many at a time."""
    turns = asyncio.Semaphore(at_once)

    async def one(each: Callable[[], Awaitable[object]]) -> None:
        async with turns:
            await each()

    await asyncio.gather(*map(one, work))
