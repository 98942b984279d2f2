"""PostgreSQL stops, refuses or is slow: applications and their traffic notice nothing, and daemons go on by themselves."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from rollway.testing.postgres import PostgresServer
from rollway.testing.traffic import Load
from tests.acceptance.daemons import Daemon, Daemons, assert_done_once, at_step, daemons, wire_beside
from tests.integration.postgres_proxy import Wire

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("postgres fails")]

RATE = 100.0
STEPS: list[dict[str, object]] = [{"weight": "50%", "hold": "1s"}]
FOR_LONG: list[dict[str, object]] = [{"weight": "50%", "hold": "60s"}]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """One that may be stopped, and is small."""
    with PostgresServer(max_connections="30") as server:
        yield server


@pytest.fixture(scope="module")
def wire(server: PostgresServer) -> Iterator[Wire]:
    """Between the daemons and the server."""
    with wire_beside(server) as wire:
        yield wire


@pytest.fixture(scope="module")
def together(
    server: PostgresServer, wire: Wire, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Daemons]:
    with daemons(server, tmp_path_factory.mktemp("postgres"), steps=STEPS, port=wire.port) as found:
        yield found


def all_ready(together: Daemons, status: int = 200) -> bool:
    return {one.readiness()[0] for one in together.each} == {status}


async def until_ready(together: Daemons, status: int = 200) -> None:
    site = together.each[0]
    await asyncio.to_thread(site.until, lambda: all_ready(together, status), f"/readyz says {status}")


async def assert_promoted(site: Daemon, id_: str, release: str) -> None:
    rollout = await asyncio.to_thread(site.ended, id_)
    assert (rollout.phase, rollout.weight) == ("promoted", 100), rollout.reason
    assert_done_once(site.events(id_))
    await asyncio.to_thread(site.until, lambda: site.running() == {release: 2}, f"only {release} runs")


async def test_it_stops_and_starts_while_a_release_turns_bad(
    together: Daemons, server: PostgresServer, tmp_path: Path
) -> None:
    """The bad one loses its traffic while nothing can be written; that is recorded when something can."""
    site, flag = together.other(together.driving()), tmp_path / "flag"
    site.steps = FOR_LONG
    await asyncio.to_thread(site.apply)
    async with Load(site.visitors, rate=RATE) as load:
        id_ = await asyncio.to_thread(site.deploy, "bad", breaks_with=str(flag))
        await asyncio.to_thread(at_step, site, id_, "observe")
        await load.reach(150)
        await asyncio.to_thread(server.stop)
        await until_ready(together, 503)
        flag.touch()
        await load.reach(200)
        gone = load.clock
        await load.reach(150)
        assert [a for a in load.attempts if a.at > gone and a.release == "bad"] == []
        server.start()  # it ends with the thread that started it
        rollout = await asyncio.to_thread(site.ended, id_)
        assert (rollout.phase, rollout.weight) == ("rolled_back", 0)
        assert_done_up_to_the_rollback(site, id_)
        await until_ready(together)
    assert [a for a in load.failures if a.release != "bad"] == []
    await asyncio.to_thread(site.until, lambda: site.running() == {"1.0": 2}, "only the stable one runs")


def assert_done_up_to_the_rollback(site: Daemon, id_: str) -> None:
    types = [event.type for event in site.events(id_)]
    assert [types.count(each) for each in ("RollbackStarted", "WeightLowered", "RolloutEnded")] == [1, 1, 1]


async def test_it_has_no_connection_left(together: Daemons, server: PostgresServer) -> None:
    site = together.other(together.driving())
    site.steps = STEPS
    await asyncio.to_thread(site.apply)
    async with Load(site.visitors, rate=RATE) as load:
        id_ = await asyncio.to_thread(site.deploy, "1.1")
        await asyncio.to_thread(at_step, site, id_, "observe")
        with everything_taken(server, together.database):
            await until_ready(together, 503)
            assert "no connection left" in site.readiness()[1]
            await load.reach(100)
        await assert_promoted(site, id_, "1.1")
        await until_ready(together)
    assert load.failures == []


@contextmanager
def everything_taken(server: PostgresServer, database: str) -> Iterator[None]:
    """Others hold every connection that an ordinary user may have, those of the daemons too."""
    theirs = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"  # noqa: S608
    with ExitStack() as held, psycopg.connect(server.socket_url("postgres"), autocommit=True) as admin:
        take_until_refused(server, held)
        while admin.execute(theirs.encode()).fetchall():
            take_until_refused(server, held)
        yield


def take_until_refused(server: PostgresServer, held: ExitStack) -> None:
    with suppress(psycopg.OperationalError):
        while True:
            held.enter_context(psycopg.connect(server.url("postgres")))


async def test_it_is_slow(together: Daemons, wire: Wire) -> None:
    """200 ms for each statement: signs of life come in time, nothing changes hands, and the rollout ends as it should."""
    driver = together.driving()
    site = together.other(driver)
    site.steps = STEPS
    await asyncio.to_thread(site.apply)
    async with Load(site.visitors, rate=RATE) as load:
        id_ = await asyncio.to_thread(site.deploy, "1.2")
        await asyncio.to_thread(at_step, site, id_, "observe")
        wire.delay = 0.2
        try:
            await asyncio.to_thread(at_step, site, id_, "shift", nth=2)
            await until_ready(together)
            assert together.driver() is driver
        finally:
            wire.delay = 0.0
        await assert_promoted(site, id_, "1.2")
    assert load.failures == []
