"""Complete canaries a second, and how late decisions are meanwhile. Prints one JSON object.

Each: provision, five shifts with a hold of 1 s and one monitor, promote, retire; begun by `POST /rollouts`, RATE a
second for DURATION (60) seconds, counted from the log. PART=1/2: one daemon on SQLite (16 a second), PART=2/2: four on PostgreSQL
(50 a second); without PART the first. The references, in the same run: bare durable commits of that store, one row each.
"""

import asyncio
import math
import os
import sqlite3
import tempfile
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks._daemons import Caller, Daemon, Metrics, Usage, daemons, together
from benchmarks._figures import printed

SECONDS = float(os.environ.get("DURATION", "60"))
WARM_UP = 10.0
EACH_TAKES = 14.0
"""Seconds that one canary is given: so many environments are needed for the rate."""
LOOK_EVERY = 2.0
COMMITS_FOR = 2.0

Ends = Callable[[float, float], tuple[int, int]]
"""How many rollouts were promoted, and how many ended otherwise, between two times (unix seconds)."""

_ENDS = """
SELECT sum(CASE WHEN data LIKE '%"phase":"promoted"%' THEN 1 ELSE 0 END), count(*) FROM events
WHERE type = 'RolloutEnded' AND stream LIKE 'rollout:%' AND at >= {} AND at < {}
"""


@dataclass(frozen=True, slots=True)
class Window:
    """What is measured between its two ends."""

    at: float
    metrics: Metrics
    usages: Sequence[Usage]

    @classmethod
    async def opened(cls, found: Sequence[Daemon]) -> "Window":
        """Now."""
        scraped = await asyncio.gather(*(asyncio.to_thread(daemon.metrics) for daemon in found))
        return cls(time.time(), together(scraped), [daemon.usage() for daemon in found])


class Load:
    """Begins a rollout wherever none is under way, `rate` a second as long as there is such an environment."""

    def __init__(self, caller: Caller, names: Sequence[str], rate: float) -> None:
        self._caller, self._rate = caller, rate
        self._free = deque(names)
        self._stable = dict.fromkeys(names, "1")
        self._begun: dict[str, float] = {}
        self.refused = self.missed = 0

    async def run(self, seconds: float) -> None:
        """For so long."""
        began, calls = time.monotonic(), TaskSet()
        freeing = asyncio.create_task(self._freeing())
        for number in range(int(self._rate * seconds)):
            await asyncio.sleep(max(0.0, began + number / self._rate - time.monotonic()))
            if self._free:
                calls.add(self._deploy(self._free.popleft()))
            else:
                self.missed += 1
        await calls.done()
        freeing.cancel()

    async def _deploy(self, name: str) -> None:
        release = "2" if self._stable[name] != "2" else "3"
        self._begun[name], self._stable[name] = math.inf, release
        answer = await self._caller.deploy(name, release)
        self.refused += answer.status_code != 201
        self._begun[name] = time.monotonic()

    async def _freeing(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            asked = time.monotonic()
            busy = await self._caller.busy()
            for name in [name for name, at in self._begun.items() if at < asked and name not in busy]:
                del self._begun[name]
                self._free.append(name)


class TaskSet:
    """Tasks that are waited for together."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin one more."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def done(self) -> None:
        """Wait for all."""
        await asyncio.gather(*self._tasks)


async def measured(found: Sequence[Daemon], rate: float, ends: Ends) -> dict[str, float]:
    """Deploy at this rate; the figures."""
    names = [f"app-{number}" for number in range(int(rate * EACH_TAKES))]
    async with Caller([daemon.url for daemon in found]) as caller:
        await caller.prepare(names)
        load = Load(caller, names, rate)
        loading = asyncio.create_task(load.run(WARM_UP + SECONDS))
        await asyncio.sleep(WARM_UP)
        opened = await Window.opened(found)
        await loading
        closed = await Window.opened(found)
        await caller.at_rest()
    return figures(opened, closed, load, ends)


def figures(opened: Window, closed: Window, load: Load, ends: Ends) -> dict[str, float]:
    """From two windows."""
    seconds, told = closed.at - opened.at, closed.metrics.since(opened.metrics)
    promoted, ended = ends(opened.at, closed.at)
    cores = [now.cores(before) for now, before in zip(closed.usages, opened.usages, strict=True)]
    lag, commit = "rollway_decision_lag_seconds", "rollway_store_commit_seconds"
    return {
        "canaries_per_s": round(promoted / seconds, 2),
        "ended_otherwise": ended - promoted,
        "refused": load.refused,
        "missed": load.missed,
        "decision_lag_ms_p50": round(told.quantile(lag, 0.5) * 1000, 1),
        "decision_lag_ms_p99": round(told.quantile(lag, 0.99) * 1000, 1),
        "loop_lag_ms_p99": round(told.quantile("rollway_event_loop_lag_seconds", 0.99) * 1000, 1),
        "commits_per_s": round(told.series[f"{commit}_count"] / seconds, 1),
        "writes_per_s": round(told.series["rollway_store_writes_total"] / seconds, 1),
        "commit_ms_p50": round(told.quantile(commit, 0.5) * 1000, 2),
        "cores_of_daemons": round(sum(cores), 2),
        "cpu_ms_per_canary": round(sum(cores) * seconds / max(promoted, 1) * 1000, 1),
        "rss_mb": round(max(usage.rss for usage in closed.usages) / 2**20, 1),
    }


def sqlite_commits(folder: Path) -> float:
    """The reference: durable commits a second of one row each."""
    with closing(sqlite3.connect(folder / "reference.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE row (n INTEGER PRIMARY KEY, data TEXT)")
        return _commits(lambda: connection.execute("INSERT INTO row (data) VALUES (?)", ("x" * 200,)))


def _commits(commit: Callable[[], object]) -> float:
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < COMMITS_FOR:
        commit()
        count += 1
    return count / (time.perf_counter() - began)


def on_sqlite(rate: float) -> tuple[dict[str, float], float]:
    """One daemon on a file."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        with daemons(folder=folder) as found:
            file = f"file:{found[0].folder / 'rollway.db'}?mode=ro"

            def ends(first: float, last: float) -> tuple[int, int]:
                with closing(sqlite3.connect(file, uri=True)) as connection:
                    promoted, ended = connection.execute(_ENDS.format(first, last)).fetchone()
                return promoted or 0, ended

            return asyncio.run(measured(found, rate, ends)), sqlite_commits(folder)


def on_postgresql(rate: float, count: int) -> tuple[dict[str, float], float]:
    """Daemons that share a database, on a server that keeps what it commits."""
    import psycopg

    from rollway.testing.postgres import PostgresServer

    with PostgresServer(durable=True, shared_buffers="128MB", max_wal_size="1GB") as server:
        name = server.new_database()

        def ends(first: float, last: float) -> tuple[int, int]:
            ((promoted, ended),) = server.execute(_ENDS.format(first, last), name)
            return int(str(promoted or 0)), int(str(ended))

        with daemons(count, server.url(name)) as found:
            told = asyncio.run(measured(found, rate, ends))
        with psycopg.connect(server.url(name), autocommit=True) as connection:
            connection.execute("CREATE TABLE reference (n BIGSERIAL PRIMARY KEY, data TEXT)")
            commits = _commits(
                lambda: connection.execute("INSERT INTO reference (data) VALUES (%s)", ("x" * 200,))
            )
        return told, commits


def main() -> None:
    """Measure the part asked for and print."""
    shared = os.environ.get("PART", "").startswith("2/")
    rate, count = float(os.environ.get("RATE", "50" if shared else "16")), int(os.environ.get("DAEMONS", "4"))
    told, commits = on_postgresql(rate, count) if shared else on_sqlite(rate)
    ratios = {
        "writes_to_bare_commits": round(told["writes_per_s"] / commits, 2),
        "writes_per_canary": round(told["writes_per_s"] / max(told["canaries_per_s"], 0.01), 1),
    }
    conditions = {
        "store": "postgresql" if shared else "sqlite",
        "daemons": count if shared else 1,
        "asked_per_s": rate,
        "seconds": SECONDS,
        "cores": os.cpu_count(),
    }
    print(printed("throughput", told, {"bare_commits_per_s": round(commits, 1)}, ratios, conditions))


if __name__ == "__main__":
    main()
