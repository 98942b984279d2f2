"""A store that takes its time, in virtual time: nothing that protects visitors waits for it."""

import asyncio

import pytest

from rollway.domain.words import Phase
from rollway.store import StoreUnavailable
from tests.unit.engine.scene import Daemon, Scene
from tests.unit.engine.test_trouble import watching

pytestmark = pytest.mark.virtual_time


async def test_samples_are_judged_while_earlier_ones_are_being_written(
    daemon: Daemon, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await daemon.stable("v1")
    rollout = await daemon.deploy("v2")
    await daemon.until(rollout, watching)
    locked = asyncio.Event()

    async def waits(*_: object, **__: object) -> None:
        await locked.wait()
        raise StoreUnavailable("another process has kept it locked", "end it")

    with monkeypatch.context() as broken:
        broken.setattr(daemon.store, "record_measurements", waits)
        broken.setattr(daemon.store, "append", waits)
        await daemon.clock.sleep(2.0)
        scene.bad["v2"] = 1.0
        await daemon.clock.sleep(2.0)
        assert scene.split == {"v1": 10_000}
        locked.set()
    assert (await daemon.ended(rollout)).phase is Phase.ROLLED_BACK
