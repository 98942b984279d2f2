"""What the daemon does beside everything else, for its metrics."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import pytest

from rollway.daemon.beat import measure_lag, places, sweep
from rollway.testing.memory_store import MemoryStore
from tests.unit.daemon.histories import Telling, failing, under_way
from tests.unit.engine.scene import ADA, Daemon, Scene, settings

pytestmark = pytest.mark.virtual_time


@asynccontextmanager
async def beside(work: Awaitable[None]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_the_lag_is_measured_again_and_again() -> None:
    telling = Telling()
    async with beside(measure_lag(telling.metrics, every=0.5)):
        await asyncio.sleep(5.1)
    assert telling.registry.get_sample_value("rollway_event_loop_lag_seconds_count") == 10
    assert telling.registry.get_sample_value("rollway_event_loop_lag_seconds_sum") == pytest.approx(
        0, abs=1e-6
    )


async def test_series_of_an_environment_live_as_long_as_it_is_configured() -> None:
    store, telling = MemoryStore(), Telling()
    telling.tell(*under_way(), *failing(10.0))
    await store.put_application("shop", settings(), ADA, 1.0)
    async with beside(sweep(telling.metrics, store, every=60.0)):
        await asyncio.sleep(130.0)
        assert telling.value("rollouts_started_total") == 1
        elsewhere = settings()
        elsewhere["environments"] = {"beta": {}}
        await store.put_application("shop", elsewhere, ADA, 2.0)
        await asyncio.sleep(60.0)
        assert telling.value("rollouts_started_total") is None


async def test_an_environment_at_work_is_kept_whatever_is_configured(scene: Scene) -> None:
    async with scene.daemon() as daemon:
        await daemon.stable("v1")
        elsewhere = settings()
        elsewhere["environments"] = {"beta": {}}
        await scene.store.put_application("shop", elsewhere, ADA, 2.0)
        assert await places(scene.store) == {("shop", "prod"), ("shop", "beta")}


async def test_an_environment_is_shown_as_it_stands(scene: Scene, daemon: Daemon) -> None:
    await daemon.stable("v1")
    rollout = await daemon.deploy("v2")
    await daemon.until(rollout, lambda state: state.weight > 0)
    await daemon.clock.sleep(2.0)
    [standing] = daemon.engine.standing()
    assert (standing.application, standing.environment) == ("shop", "prod")
    assert standing.weight == 0.25
    assert standing.ready == standing.wanted
    assert standing.evidence_age is not None
    assert standing.evidence_age <= 0.5
    await daemon.ended(rollout)
    await daemon.at_rest()
    [standing] = daemon.engine.standing()
    assert (standing.weight, standing.wanted, standing.evidence_age) == (0.0, 2, None)
