"""A daemon that is killed at any instant and started again: it goes on, and ends as it would have."""

import asyncio

import pytest

from rollway.domain import events as e
from rollway.domain.words import Phase
from rollway.engine.journal import Journal
from rollway.testing.fake_router import FakeRouter
from tests.unit.engine.scene import PLACE, Daemon, Scene, of, settings

pytestmark = pytest.mark.virtual_time

STEPS = 9


async def left_in_order(daemon: Daemon, scene: Scene, release: str) -> None:
    """Only this release is left, with its instances, all traffic, and nothing doubled."""
    state = await daemon.at_rest()
    await daemon.clock.sleep(2.0)
    assert [group.release for group in state.groups.values()] == [release]
    assert scene.split == {release: 10_000}
    assert len(daemon.target.alive()) == 2
    assert set(daemon.target.alive()) == {i.id for g in state.groups.values() for i in g.alive()}
    assert set(scene.machine.starts.values()) == {1}
    assert daemon.router.node.environments[PLACE].split == FakeRouter(scene.node).split(PLACE)


@pytest.mark.parametrize("step", range(1, STEPS + 1))
async def test_in_each_step_of_a_good_rollout(scene: Scene, step: int) -> None:
    async with scene.daemon() as first:
        await first.stable("v1")
        rollout = await first.deploy("v2")
        await first.until(rollout, lambda state: state.step >= step)
    async with scene.daemon() as second:
        assert (await second.ended(rollout)).phase is Phase.PROMOTED
        await left_in_order(second, scene, "v2")


@pytest.mark.parametrize("step", range(1, 5))
async def test_in_each_step_of_a_first_release(scene: Scene, step: int) -> None:
    async with scene.daemon() as first:
        await first.apply()
        rollout = await first.deploy("v1")
        await first.until(rollout, lambda state: state.step >= step)
    async with scene.daemon() as second:
        assert (await second.ended(rollout)).phase is Phase.PROMOTED
        await left_in_order(second, scene, "v1")


async def test_at_every_boundary_between_two_events(scene: Scene) -> None:
    """Killed after each single append, by whichever stream, as often as there are appends."""
    async with scene.daemon() as daemon:
        await daemon.stable("v1")
        rollout = await daemon.deploy("v2")
    lives = 0
    while not (await killed_after_an_append(scene, rollout)):
        lives += 1
    assert lives > 10
    async with scene.daemon() as daemon:
        assert (await daemon.ended(rollout)).phase is Phase.PROMOTED
        await left_in_order(daemon, scene, "v2")


async def killed_after_an_append(scene: Scene, rollout: str) -> bool:
    """One life up to the first event it writes; whether the rollout has ended."""
    async with scene.daemon() as daemon:
        written = asyncio.Event()
        daemon.journal.on_change(lambda _: written.set())
        async with asyncio.timeout(20.0):
            await written.wait()
    state = await Journal(scene.store, scene.clock, "here").rollout(rollout)
    assert state is not None
    return state.phase.ended


@pytest.mark.parametrize("event", ["RollbackStarted", "WeightLowered", "ConnectionsClosed", "GroupRetired"])
async def test_in_each_part_of_a_rollback(scene: Scene, event: str) -> None:
    scene.bad["v2"] = 1.0
    async with scene.daemon() as first:
        await first.stable("v1")
        rollout = await first.deploy("v2")

        async def reached() -> bool:
            return event in {type(each).__name__ for each in await first.events(rollout)}

        await first.clock.until(reached)
    async with scene.daemon() as second:
        assert (await second.ended(rollout)).phase is Phase.ROLLED_BACK
        await left_in_order(second, scene, "v1")


async def test_a_hold_goes_on_where_it_was(scene: Scene) -> None:
    """The seconds watched before are kept, less what was not yet written; the absence counts for nothing."""
    async with scene.daemon() as first:
        await first.apply(settings({"weight": "25%", "hold": "60s"}))
        await first.ended(await first.deploy("v1"))
        rollout = await first.deploy("v2")
        await first.until(rollout, lambda state: state.step == 4 and state.started)
        await first.clock.sleep(40.0)
        watched = (await first.service.rollout(rollout)).watched
    assert 39 < watched <= 40.2
    await scene.clock.sleep(500.0)
    async with scene.daemon() as second:
        began = second.clock.now()
        await second.until(rollout, lambda state: state.step > 4)
        took = second.clock.now() - began
        assert 60 - watched <= took <= 60 - watched + 2.0
        assert (await second.ended(rollout)).phase is Phase.PROMOTED


async def test_evidence_against_it_is_kept_over_a_restart(scene: Scene) -> None:
    """The judge of a second life begins with what the first one saw: the same numbers, from the same samples."""
    async with scene.daemon() as first:
        await first.apply(settings({"weight": "25%", "hold": "60s"}))
        await first.ended(await first.deploy("v1"))
        rollout = await first.deploy("v2")
        await first.until(rollout, lambda state: state.step == 4 and state.started)
        await first.clock.sleep(20.0)
        at_work = first.engine.rollout_at_work(rollout)
        assert at_work is not None
        scene.rate = 0.0
        await first.clock.sleep(3.0)
        before = at_work.watch.judgements()
    async with scene.daemon() as second:
        await second.clock.sleep(1.0)
        again = second.engine.rollout_at_work(rollout)
        assert again is not None
        assert again.watch.judgements() == before


async def test_paused_stays_paused(scene: Scene) -> None:
    async with scene.daemon() as first:
        await first.stable("v1")
        scene.rate = 0.0
        rollout = await first.deploy("v2")
        await first.until(rollout, lambda state: state.phase is Phase.PAUSED)
    async with scene.daemon() as second:
        await second.clock.sleep(60.0)
        assert (await second.state(rollout)).phase is Phase.PAUSED
        assert len(of(await second.events(rollout), e.EvidenceAwaited)) == 1
        scene.rate = 500.0
        assert (await second.ended(rollout)).phase is Phase.PROMOTED


async def test_an_instance_that_died_meanwhile_is_replaced(scene: Scene) -> None:
    async with scene.daemon() as first:
        await first.stable("v1")
        victim = first.target.alive()[0]
    first.target.die(victim)
    async with scene.daemon() as second:
        await second.clock.until(lambda: len(second.target.alive()) == 2, within=10.0)
        assert victim not in second.target.alive()
        await second.clock.sleep(2.0)
        assert {i.id for g in (await second.environment()).groups.values() for i in g.alive()} == set(
            second.target.alive()
        )
