"""One of three daemons on one PostgreSQL is lost, with ROLLOUTS (200) in observation. Prints one JSON object.

`kill`: SIGKILL; `freeze`: SIGSTOP for FROZEN (30) seconds; `end`: SIGTERM, the reference. Each in seconds from the signal
to the first sample that another daemon took of each rollout the lost one drove. `command`: an abort,
given to a daemon that does not drive the rollout, until the driving one takes the rollout back: from the time that the
abort has in the log; `request`: from the HTTP request on; ABORTS (100) times. Their reference is the same at the daemon that drives. At the end every log is looked through for doubled steps.
"""

import asyncio
import json
import os
import signal
import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks._daemons import Caller, Daemon, in_turns, until
from benchmarks._figures import percentile, printed
from rollway.engine.ownership import lease_of
from rollway.testing.postgres import PostgresServer

ROLLOUTS = int(os.environ.get("ROLLOUTS", "200"))
ABORTS = int(os.environ.get("ABORTS", "100"))
FROZEN = float(os.environ.get("FROZEN", "30"))
STEPS = [{"weight": "10%", "hold": "10m"}, {"weight": "50%", "hold": "10m"}]
LOST_FOR_GOOD = 60.0
"""Seconds after which a rollout that nobody watches is said to be lost."""

_SAMPLES = """
SELECT rollout, samples FROM measurements WHERE monitor = '' AND "window" >= {since}
"""
_DRIVERS = "SELECT lease, url FROM leases JOIN members ON member = id"
_DOUBLED = """
SELECT count(*) FROM (SELECT 1 FROM events WHERE stream LIKE 'rollout:%'
AND type IN ('StepStarted', 'StepFinished') GROUP BY stream, type, data::json->>'step' HAVING count(*) > 1) AS twice
"""
_WHEN = "SELECT type, at FROM events WHERE stream = 'rollout:{id}' AND type IN ('AbortRequested', 'RollbackStarted')"


@dataclass(frozen=True)
class Site:
    """The daemons, their database, and the rollout of each environment."""

    server: PostgresServer
    database: str
    daemons: Sequence[Daemon]
    rollouts: Mapping[str, str]

    def driver(self, place: str) -> Daemon | None:
        """Who drives this environment now."""
        return self.drivers([place]).get(place)

    def drivers(self, places: Collection[str]) -> dict[str, Daemon]:
        """Who drives these environments now."""
        urls = {str(lease): str(url) for lease, url in self.server.execute(_DRIVERS, self.database)}
        by_url = {daemon.url: daemon for daemon in self.daemons}
        found = {place: by_url.get(urls.get(lease_of(place, ""), "")) for place in places}
        return {place: daemon for place, daemon in found.items() if daemon is not None}

    def driven_by(self, lost: Daemon) -> set[str]:
        """The rollouts that this one drives."""
        drivers = self.drivers(self.rollouts)
        return {id_ for place, id_ in self.rollouts.items() if drivers.get(place) is lost}

    def first_samples(self, rollouts: Collection[str], since: float) -> dict[str, float]:
        """When each was first looked at again, if it was."""
        query = _SAMPLES.format(since=int(since) // 30 * 30)
        rows = self.server.execute(query, self.database)
        found: dict[str, float] = {}
        for rollout, samples in rows:
            if str(rollout) in rollouts:
                later = [sample["t"] for sample in json.loads(str(samples)) if sample["t"] > since]
                found[str(rollout)] = min([*later, found.get(str(rollout), float("inf"))])
        return {rollout: at for rollout, at in found.items() if at < float("inf")}

    def settled(self) -> bool:
        """Whether everybody drives about as much as everybody else, and all of it is watched."""
        shares = [len(self.driven_by(daemon)) for daemon in self.daemons]
        watched = self.first_samples(set(self.rollouts.values()), time.time() - 3.0)
        return sum(shares) == len(watched) == len(self.rollouts) and min(shares) >= len(self.rollouts) // 5


async def taken_over(site: Site, lost: Daemon, number: int) -> list[float]:
    """Seconds until each rollout of this daemon is watched by another, once it got this signal."""
    assert lost.process is not None
    rollouts = await asyncio.to_thread(site.driven_by, lost)
    at = time.time()
    lost.process.send_signal(number)
    if number == signal.SIGTERM:
        await asyncio.to_thread(lost.process.wait)  # until then it may have taken samples itself
    since, seen = time.time(), dict[str, float]()
    while len(seen) < len(rollouts):
        assert time.time() - at < LOST_FOR_GOOD, f"nobody watches {rollouts - seen.keys()}"
        await asyncio.sleep(0.5)
        seen = await asyncio.to_thread(site.first_samples, rollouts, since)
    return [moment - at for moment in seen.values()]


async def lose(site: Site, which: int, number: int) -> list[float]:
    """Lose a daemon in this way, and have it back."""
    await asyncio.to_thread(until, site.settled, "equal shares", 120.0, 0.5)
    lost = site.daemons[which]
    at = time.monotonic()
    times = await taken_over(site, lost, number)
    assert lost.process is not None
    if number == signal.SIGSTOP:
        await asyncio.sleep(max(0.0, at + FROZEN - time.monotonic()))
        lost.process.send_signal(signal.SIGCONT)
    else:
        await asyncio.to_thread(lost.process.wait)
        await asyncio.to_thread(lost.start)
    return times


async def command(site: Site, place: str, *, elsewhere: bool) -> tuple[float, float]:
    """Milliseconds from the record of the command, and from its request, to the driving daemon's own that it acts on it."""
    driver, id_ = await asyncio.to_thread(site.driver, place), site.rollouts[place]
    others = [daemon for daemon in site.daemons if daemon is not driver]
    asked = others[0] if elsewhere or driver is None else driver
    async with Caller([asked.url]) as caller:
        await caller.must("GET", f"/rollouts/{id_}")  # the connection is there
        at = time.time()
        await caller.must("POST", f"/rollouts/{id_}/abort", json={})
    found: dict[str, float] = {}
    deadline = time.monotonic() + 20.0
    while "RollbackStarted" not in found:
        assert time.monotonic() < deadline, f"{id_} is not taken back"
        await asyncio.sleep(0.01)
        rows = await asyncio.to_thread(site.server.execute, _WHEN.format(id=id_), site.database)
        found = {str(type_): float(str(moment)) for type_, moment in rows}
    acted = found["RollbackStarted"]
    return (acted - found["AbortRequested"]) * 1000, (acted - at) * 1000


async def begun(caller: Caller, names: Sequence[str]) -> dict[str, str]:
    """A rollout in each environment: its id by the environment."""
    found: dict[str, str] = {}

    async def one(name: str) -> None:
        answer = await caller.deploy(name, "2")
        assert answer.is_success, answer.text
        found[f"{name}/prod"] = answer.json()["id"]

    await in_turns([lambda name=name: one(name) for name in names], 8)  # type: ignore[misc]
    return found


async def measured(server: PostgresServer, database: str, daemons: Sequence[Daemon]) -> str:
    """All of it."""
    names = [f"app-{number}" for number in range(ROLLOUTS)]
    async with Caller([daemon.url for daemon in daemons]) as caller:
        await caller.prepare(names, steps=STEPS)
        site = Site(server, database, daemons, await begun(caller, names))
        ended = await lose(site, 0, signal.SIGTERM)
        killed = await lose(site, 1, signal.SIGKILL)
        frozen = await lose(site, 2, signal.SIGSTOP)
        await asyncio.to_thread(until, site.settled, "equal shares", 120.0, 0.5)
    places = list(site.rollouts)[: 2 * ABORTS]
    commands = [await command(site, place, elsewhere=True) for place in places[0::2]]
    direct = [await command(site, place, elsewhere=False) for place in places[1::2]]
    async with Caller([daemon.url for daemon in daemons]) as caller:
        for id_ in list(site.rollouts.values())[len(places) :]:
            await caller.must("POST", f"/rollouts/{id_}/promote", json={"full": True})
        await caller.at_rest()
    doubled = server.execute(_DOUBLED, database)[0][0]
    return told(ended, killed, frozen, commands, direct, int(str(doubled)))


def told(
    ended: Sequence[float],
    killed: Sequence[float],
    frozen: Sequence[float],
    commands: Sequence[tuple[float, float]],
    direct: Sequence[tuple[float, float]],
    doubled: int,
) -> str:
    """The object."""
    figures: dict[str, float] = {"doubled_steps": doubled}
    for name, times in (("kill", killed), ("freeze", frozen)):
        figures |= {
            f"{name}_s_median": round(percentile(times, 50), 2),
            f"{name}_s_max": round(max(times), 2),
        }
        figures[f"{name}_rollouts"] = len(times)
    figures |= of_commands("", commands)
    reference = {"end_s_median": round(percentile(ended, 50), 2), "end_s_max": round(max(ended), 2)}
    reference |= of_commands("_at_the_driver", direct)
    ratios = {
        "kill_to_end": round(percentile(killed, 50) / percentile(ended, 50), 1),
        "request_to_request_at_the_driver": round(
            figures["request_ms_p50"] / reference["request_at_the_driver_ms_p50"], 1
        ),
    }
    conditions = {"daemons": 3, "rollouts": ROLLOUTS, "commands": len(commands), "frozen_s": FROZEN}
    return printed("failover", figures, reference, ratios, conditions)


def of_commands(where: str, found: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Their percentiles."""
    commands, requests = zip(*found, strict=True)
    of_each = {"command": commands, "request": requests}
    return {
        f"{name}{where}_ms_p{p}": round(percentile(times, p), 1)
        for name, times in of_each.items()
        for p in (50, 99)
    }


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, PostgresServer() as server:
        database = server.new_database()
        daemons = [Daemon(Path(folder) / f"data-{n}", server.url(database)) for n in range(3)]
        try:
            for daemon in daemons:
                daemon.start()
            print(asyncio.run(measured(server, database, daemons)))
        finally:
            for daemon in daemons:
                if daemon.process is not None:
                    daemon.process.send_signal(signal.SIGCONT)
                daemon.stop()


if __name__ == "__main__":
    main()
