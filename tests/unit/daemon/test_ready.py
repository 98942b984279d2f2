"""When a daemon calls itself ready."""

import pytest

from rollway.api import PluginError
from rollway.store import StoreUnavailable
from tests.unit.engine.scene import Daemon, Scene

pytestmark = pytest.mark.virtual_time


async def test_not_before_the_engine_runs(scene: Scene) -> None:
    daemon = Daemon(scene, scene.store)  # type: ignore[arg-type]
    assert await daemon.service.ready() == "the engine is not running"


async def test_with_nothing_to_serve_at_once(scene: Scene) -> None:
    async with scene.daemon() as daemon:
        await until_ready(daemon)


async def test_not_while_the_store_is_out_of_reach(scene: Scene) -> None:
    async with scene.daemon() as daemon:
        await until_ready(daemon)
        daemon.store.down = True
        assert "the disk is full" in await daemon.service.ready()
        daemon.store.down = False
        assert await daemon.service.ready() == ""


async def test_not_while_the_store_answers_and_takes_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> None:
        raise StoreUnavailable("another process has kept it locked", "end it")

    async with scene.daemon() as daemon:
        await until_ready(daemon)
        await daemon.clock.sleep(1.0)
        with monkeypatch.context() as locked:
            locked.setattr(daemon.store, "put_value", refuse)
            assert "kept it locked" in await daemon.service.ready()
        assert await daemon.service.ready() == ""


async def test_not_while_a_plugin_of_a_known_environment_is_not_open(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scene.daemon() as first:
        await first.stable("v1")

    async def refuse(self: object) -> None:
        raise PluginError("its binary is missing")

    with monkeypatch.context() as broken:
        broken.setattr("rollway.testing.fake_router.FakeRouter.open", refuse)
        async with scene.daemon() as second:
            await second.clock.sleep(5.0)
            assert await second.service.ready() == "shop/prod is being taken up: the router fake is not open"
    async with scene.daemon() as third:
        await until_ready(third)


async def until_ready(daemon: Daemon) -> None:
    async def ready() -> bool:
        return await daemon.service.ready() == ""

    await daemon.clock.until(ready)
