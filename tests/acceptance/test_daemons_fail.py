"""The daemon that drives is lost in the middle of a rollout: another carries it on, and nobody outside notices."""

import asyncio
from collections.abc import Iterator

import pytest

from rollway.testing.postgres import PostgresServer
from rollway.testing.traffic import Load
from rollway_plugins.envoy import files
from tests.acceptance.daemons import (
    Daemon,
    Daemons,
    assert_done_once,
    at_step,
    daemons,
    events_after,
    soon,
    wire_beside,
)

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("daemons fail")]

HOLD = 2.0
STEPS: list[dict[str, object]] = [{"weight": "50%", "hold": f"{HOLD:g}s"}]
RATE = 100.0
SILENCE = 3.0
"""Seconds after which the others call a daemon dead that says nothing; one that leaves is followed sooner."""


@pytest.fixture(scope="module")
def standing(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemons]:
    with daemons(postgres, tmp_path_factory.mktemp("fail"), steps=STEPS) as found:
        yield found


@pytest.fixture
def together(standing: Daemons) -> Daemons:
    """All of them, whatever became of some in the test before."""
    standing.restart()
    return standing


async def in_observation(site: Daemon, release: str) -> tuple[str, int]:
    """A rollout whose release has traffic and is watched: its id, and how long its log is."""
    id_ = await asyncio.to_thread(site.deploy, release)
    latest = await asyncio.to_thread(at_step, site, id_, "observe")
    return id_, latest.seq


async def carried_on(heir: Daemon, id_: str, seq: int) -> float:
    """Seconds until it goes on elsewhere, less what is left of its hold."""
    more = lambda: bool(events_after(heir, id_, seq))  # noqa: E731
    return await asyncio.to_thread(soon, more, "the rollout goes on elsewhere", 10.0 + HOLD) - HOLD


async def assert_promoted(heir: Daemon, id_: str, release: str) -> None:
    rollout = await asyncio.to_thread(heir.ended, id_)
    assert (rollout.phase, rollout.weight) == ("promoted", 100), rollout.reason
    assert_done_once(heir.events(id_))
    await asyncio.to_thread(heir.until, lambda: heir.running() == {release: 2}, f"only {release} runs")


async def test_killed(together: Daemons) -> None:
    driver = together.driving()
    heir = together.other(driver)
    async with Load(driver.visitors, rate=RATE) as load:
        id_, seq = await in_observation(heir, "kill")
        driver.kill()
        assert await carried_on(heir, id_, seq) < 10.0
        await assert_promoted(heir, id_, "kill")
    assert load.failures == []


async def test_stopped_with_sigterm_it_gives_everything_up_at_once(together: Daemons) -> None:
    driver = together.driving()
    heir = together.other(driver)
    async with Load(driver.visitors, rate=RATE) as load:
        id_, _ = await in_observation(heir, "term")
        stopping = asyncio.create_task(asyncio.to_thread(driver.stop))
        taken = lambda: together.driver() is heir  # noqa: E731
        assert await asyncio.to_thread(soon, taken, "the other drives", SILENCE) < SILENCE
        assert await stopping == 0
        await assert_promoted(heir, id_, "term")
    assert load.failures == []


async def test_frozen_in_the_middle_of_a_shift_and_back(together: Daemons) -> None:
    """A zombie that wakes inside a call changes nothing, and serves again."""
    zombie = together.driving()
    heir = together.other(zombie)
    node = files.NodeFiles(together.each[0].data / "node" / "envoy")
    async with Load(zombie.visitors, rate=RATE) as load:
        with files.locked(node.environment("app/prod").lock):
            id_ = await asyncio.to_thread(heir.deploy, "freeze")
            await asyncio.to_thread(at_step, heir, id_, "shift")
            zombie.freeze()
        await asyncio.to_thread(together.taken_from, zombie)
        latest = await asyncio.to_thread(at_step, heir, id_, "observe")
        with heir.client as client:
            await asyncio.to_thread(client.pause, id_)
        await asyncio.to_thread(heir.until, lambda: heir.rollout(id_).phase == "paused", "it is paused")
        before = state_of(heir, node, id_)
        noticed = zombie.said("lost ")
        zombie.thaw()
        await asyncio.to_thread(zombie.until, noticed, "it sees that its time is over")
        await asyncio.to_thread(zombie.until, lambda: zombie.readiness()[0] == 200, "it is ready")
        await load.reach(50)
        assert state_of(heir, node, id_) == before
        assert together.driver() is heir
        with zombie.client as client:
            await asyncio.to_thread(client.resume, id_)
        assert latest.seq < len(heir.events(id_))
        await assert_promoted(zombie, id_, "freeze")
    assert load.failures == []


def state_of(site: Daemon, node: files.NodeFiles, id_: str) -> tuple[object, ...]:
    """All that a zombie could change: the log, the routes, their token, the instances. Who drives goes on to judge."""
    here = node.environment("app/prod")
    instances = sorted((each.pid, each.create_time()) for each in site.processes())
    events = [event for event in site.events(id_) if event.type != "VerdictReached"]
    return [event.type for event in events], here.routes.read_bytes(), here.token.read_bytes(), instances


async def test_cut_off_from_the_database(together: Daemons, postgres: PostgresServer) -> None:
    with wire_beside(postgres) as wire:
        lost = Daemon(
            together.each[0].folder,
            name="far",
            database=postgres.url(together.database, port=wire.port),
            visitors=together.each[0].visitors,
        )
        far = Daemons(postgres, together.database, [*together.each, lost])
        try:
            await asyncio.to_thread(lost.start)
            await asyncio.to_thread(give_the_node_to, far, lost)
            heir = together.each[0]
            async with Load(lost.visitors, rate=RATE) as load:
                id_, seq = await in_observation(heir, "cut")
                wire.silent = True
                assert await carried_on(heir, id_, seq) < 10.0
                assert lost.readiness()[0] == 503
                await assert_promoted(heir, id_, "cut")
                wire.silent = False
                await asyncio.to_thread(lost.until, lambda: lost.readiness()[0] == 200, "it is ready")
                assert lost.events(id_) == heir.events(id_)
            assert load.failures == []
            assert far.driver() is not lost
        finally:
            wire.silent = False
            lost.kill()


def give_the_node_to(far: Daemons, one: Daemon) -> None:
    """At rest; the lease is changed in the database, as if the one before had been silent."""
    me = f"SELECT id FROM members WHERE url = 'http://{one.api}'"  # noqa: S608
    one.until(lambda: bool(far.server.execute(me, far.database)), "it has given a sign of life")
    given = f"UPDATE leases SET member = ({me}) WHERE lease LIKE 'node/%'"  # noqa: S608
    far.server.execute(given, far.database)
    one.until(lambda: one.readiness()[0] == 200 and "holding node/" in one.log, "it has taken up the node")
