"""A daemon that loses its node's lease closes what works there; what it is given back meanwhile it opens anew."""

import asyncio
from pathlib import Path

import pytest

from rollway.engine.nodes import PluginsAtWork
from rollway.engine.ownership import node_lease
from rollway.plugin.descriptor import Descriptor
from rollway.plugin.registry import Loaded, Origin, Registry
from rollway.testing.fake_target import FakeTarget
from tests.unit.engine.scene import Scene, Settings

pytestmark = pytest.mark.virtual_time


class SlowToClose(FakeTarget):
    """Takes a second to close, as one does that waits for a disk."""

    opened = closed = 0

    async def open(self) -> None:
        self.opened += 1

    async def close(self) -> None:
        await asyncio.sleep(1.0)
        self.closed += 1


def at_work(folder: Path, made: list[SlowToClose]) -> PluginsAtWork:
    def make(_: object) -> SlowToClose:
        made.append(SlowToClose())
        return made[-1]

    target = Descriptor(name="slow", settings=Settings, factory=make, local=True)
    loaded = Loaded("target", target, Origin("fakes", "tests", "0"))
    return PluginsAtWork(Registry({("target", "slow"): loaded}), folder, "here")


@pytest.fixture
def made() -> list[SlowToClose]:
    return []


async def test_a_plugin_asked_for_while_it_is_being_closed_is_a_new_one_and_open(
    tmp_path: Path, made: list[SlowToClose]
) -> None:
    plugins = at_work(tmp_path, made)
    before = await plugins.target("slow")
    leaving = asyncio.create_task(plugins.leave_node())
    await asyncio.sleep(0.5)
    again = await plugins.target("slow")
    await leaving
    assert again is not before
    assert await plugins.target("slow") is again
    assert [(target.opened, target.closed) for target in made] == [(1, 1), (1, 0)]


async def test_a_node_lost_twice_while_it_is_left_is_left_twice(
    scene: Scene, tmp_path: Path, made: list[SlowToClose]
) -> None:
    """Nothing that is under way is dropped for what comes after it, and the end of the daemon waits for both."""
    plugins = at_work(tmp_path, made)
    async with scene.daemon() as daemon:
        daemon.engine._plugins = plugins
        await plugins.target("slow")
        daemon.engine._lost(frozenset({node_lease("here")}))
        await asyncio.sleep(0.5)
        given_back = asyncio.create_task(plugins.target("slow"))
        await asyncio.sleep(0.1)
        daemon.engine._lost(frozenset({node_lease("here")}))
        await given_back
        await daemon.engine.close()
        assert [(target.opened, target.closed) for target in made] == [(1, 1), (1, 1)]
