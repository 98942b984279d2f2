"""The database is restored from an older copy while what ran since goes on, in virtual time."""

import copy
from collections.abc import Callable
from dataclasses import replace

import pytest

from rollway.domain import events as e
from rollway.domain.words import Phase
from rollway.testing.memory_store import MemoryStore
from tests.unit.engine.scene import Daemon, Scene, of, settings

pytestmark = pytest.mark.virtual_time


def copied(scene: Scene) -> Callable[[], None]:
    """A copy of the database as of now; call it to put it in its place."""
    kept = copy.deepcopy(replace(scene.store._kept, listeners=[]))

    def restore() -> None:
        scene.store = MemoryStore()
        scene.store._kept = kept

    return restore


async def rests(daemon: Daemon, scene: Scene, release: str) -> None:
    async def at_rest() -> bool:
        runs = {i.group.release for i in scene.machine.instances.values() if not i.stopped}
        return scene.split == {release: 10_000} and runs == {release}

    await daemon.clock.until(at_rest)


async def drift(daemon: Daemon) -> str:
    found = of(await daemon.environment_events(), e.DriftFound)
    return "; ".join(event.what for event in found if isinstance(event, e.DriftFound))


async def test_what_was_promoted_since_serves_until_the_release_of_the_copy_can(scene: Scene) -> None:
    async with scene.daemon() as daemon:
        await daemon.stable("v1")
        await daemon.at_rest()
        restore = copied(scene)
        assert (await daemon.ended(await daemon.deploy("v2"))).phase is Phase.PROMOTED
        await daemon.at_rest()
    restore()
    scene.served.clear()
    async with scene.daemon() as daemon:
        await rests(daemon, scene, "v1")
        assert "restored from an older copy" in await drift(daemon)
        assert "ran here without traffic" in await drift(daemon)
        assert None not in scene.served, "nobody was without an answer"
        assert (await daemon.ended(await daemon.deploy("v3"))).phase is Phase.PROMOTED
    assert scene.problems == []


async def test_what_the_copy_knows_is_adopted_and_not_started_again(scene: Scene) -> None:
    async with scene.daemon() as daemon:
        await daemon.stable("v1")
        await daemon.at_rest()
        restore = copied(scene)
        lost, stays = scene.machine.instances
        daemon.target.die(lost)
        await daemon.clock.sleep(10.0)
    running = {name for name, i in scene.machine.instances.items() if not i.stopped}
    assert len(running) == 2
    assert stays in running
    restore()
    async with scene.daemon() as daemon:
        await daemon.clock.sleep(10.0)
        assert set(scene.machine.starts) == {lost, *running}, "nothing was started"
        assert {name for name, i in scene.machine.instances.items() if not i.stopped} == running
        [group] = (await daemon.environment()).groups.values()
        assert {i.id for i in group.alive()} == running


async def test_a_release_that_was_going_out_then_is_taken_back_and_not_carried_on(scene: Scene) -> None:
    async with scene.daemon() as daemon:
        await daemon.apply(settings({"weight": "25%", "hold": "10s"}, {"weight": "50%", "hold": "10s"}))
        assert (await daemon.ended(await daemon.deploy("v1"))).phase is Phase.PROMOTED
        id_ = await daemon.deploy("v2")
        await daemon.until(id_, lambda state: state.weight == 2_500)
        restore = copied(scene)
        await daemon.until(id_, lambda state: state.weight == 5_000)
        await daemon.clock.sleep(1.0)
        scene.bad["v2"] = 1.0
        assert (await daemon.ended(id_)).phase is Phase.ROLLED_BACK
        await daemon.at_rest()
    restore()
    async with scene.daemon() as daemon:
        ended = await daemon.ended(id_)
        assert ended.phase is Phase.ROLLED_BACK
        assert "restored from an older copy" in ended.reason
        await rests(daemon, scene, "v1")
    assert scene.problems == []


async def test_a_canary_that_the_copy_does_not_know_loses_its_traffic_at_once(scene: Scene) -> None:
    async with scene.daemon() as daemon:
        await daemon.stable("v1")
        await daemon.at_rest()
        restore = copied(scene)
        id_ = await daemon.deploy("v2")
        await daemon.until(id_, lambda state: state.weight == 2_500)
        await daemon.clock.sleep(1.0)
    assert scene.split == {"v1": 7_500, "v2": 2_500}
    restore()
    async with scene.daemon() as daemon:
        await daemon.clock.sleep(2.0)
        assert scene.split == {"v1": 10_000}
        await rests(daemon, scene, "v1")
    assert scene.problems == []


async def test_an_environment_that_the_copy_does_not_know_is_taken_over_by_the_next_deploy(
    scene: Scene,
) -> None:
    restore = copied(scene)
    async with scene.daemon() as daemon:
        await daemon.stable("v1")
        await daemon.at_rest()
    restore()
    scene.served.clear()
    async with scene.daemon() as daemon:
        await daemon.clock.sleep(5.0)
        assert scene.split == {"v1": 10_000}
        await daemon.apply()
        id_ = await daemon.deploy("v2")
        assert (await daemon.ended(id_)).phase is Phase.PROMOTED
        await rests(daemon, scene, "v2")
        assert None not in scene.served
    assert scene.problems == []
