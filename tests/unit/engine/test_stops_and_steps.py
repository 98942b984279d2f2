"""A daemon that is stopped in order, and clocks that are set while it runs."""

import pytest

from rollway.domain.words import Phase
from rollway.engine.watch import TICKS
from tests.unit.engine.scene import Daemon, Scene, settings

pytestmark = pytest.mark.virtual_time


async def test_a_clean_stop_writes_every_sample(scene: Scene) -> None:
    async with scene.daemon() as first:
        await first.apply(settings({"weight": "25%", "hold": "60s"}))
        await first.ended(await first.deploy("v1"))
        rollout = await first.deploy("v2")
        await first.until(rollout, lambda state: state.step == 4 and state.started)
        await first.clock.sleep(20.4)
        watched = (await first.service.rollout(rollout)).watched
        await first.engine.close()
    rows = await scene.store.measurements(rollout)
    ticks = [tick for row in rows if row.monitor == TICKS for tick in row.samples]
    assert sum(tick["d"] for tick in ticks if tick["o"] == 4) == pytest.approx(watched)  # type: ignore[index, call-overload, misc]


async def test_a_clean_stop_leaves_instances_and_traffic(scene: Scene) -> None:
    async with scene.daemon() as first:
        await first.stable("v1")
        await first.engine.close()
        await first.plugins.close()
    assert scene.split == {"v1": 10_000}
    assert len(first.target.alive()) == 2


async def test_a_stop_without_a_store_lets_go_of_everything_all_the_same(
    daemon: Daemon, scene: Scene
) -> None:
    await daemon.stable("v1")
    rollout = await daemon.deploy("v2")
    await daemon.until(rollout, lambda state: state.step == 4 and state.started)
    daemon.store.down = True
    await daemon.clock.sleep(2.0)
    await daemon.engine.close()


@pytest.mark.parametrize("step", [-3_600.0, -1.0, 1.0])
@pytest.mark.parametrize("at", [2, 4, 9])
async def test_a_clock_step_takes_no_good_release_back(
    daemon: Daemon, scene: Scene, step: float, at: int
) -> None:
    await daemon.stable("v1")
    rollout = await daemon.deploy("v2")
    daemon.when(rollout, lambda state: state.step == at and state.started, lambda: scene.clock.jump(step))
    began = daemon.clock.monotonic()
    assert (await daemon.ended(rollout)).phase is Phase.PROMOTED
    assert 10 <= daemon.clock.monotonic() - began < 20, "a hold is as long as it is"
    state = await daemon.at_rest()
    assert [group.release for group in state.groups.values()] == ["v2"]


@pytest.mark.parametrize("step", [-3_600.0, 3_600.0])
async def test_a_clock_step_neither_shortens_nor_lengthens_a_hold(
    daemon: Daemon, scene: Scene, step: float
) -> None:
    await daemon.apply(settings({"weight": "25%", "hold": "60s"}))
    await daemon.ended(await daemon.deploy("v1"))
    rollout = await daemon.deploy("v2")
    await daemon.until(rollout, lambda state: state.step == 4 and state.started)
    began = daemon.clock.monotonic()
    await daemon.clock.sleep(30.0)
    scene.clock.jump(step)
    await daemon.until(rollout, lambda state: state.step > 4)
    assert 60 <= daemon.clock.monotonic() - began < 62


@pytest.mark.parametrize("step", [-3_600.0, 3_600.0])
async def test_a_clock_step_keeps_no_bad_release_alive(daemon: Daemon, scene: Scene, step: float) -> None:
    await daemon.stable("v1")
    scene.bad["v2"] = 1.0
    rollout = await daemon.deploy("v2")
    daemon.when(rollout, lambda state: state.taking_back, lambda: scene.clock.jump(step))
    assert (await daemon.ended(rollout, within=10.0)).phase is Phase.ROLLED_BACK
    await daemon.at_rest()
    assert len(daemon.target.alive()) == 2
