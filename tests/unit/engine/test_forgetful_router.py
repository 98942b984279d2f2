"""A router that loses all it was given: what a daemon knows is put back, what nobody knows any more is taken out."""

import pytest

from rollway.domain import events as e
from rollway.domain.traffic import Routing
from rollway.domain.words import Phase
from rollway.engine.environment import ROUTER_ASKED_EVERY
from tests.unit.engine.scene import ADA, Daemon, Scene, settings

pytestmark = pytest.mark.virtual_time

LONG = settings({"weight": "25%", "hold": "30s"})


async def half_way(daemon: Daemon) -> str:
    await daemon.stable("v1")
    await daemon.apply(LONG)
    rollout = await daemon.deploy("v2")
    await daemon.until(rollout, lambda state: state.step == 4)
    return rollout


async def test_a_daemon_that_lives_puts_back_what_it_gave(scene: Scene) -> None:
    async with scene.daemon() as daemon:
        rollout = await half_way(daemon)
        scene.node.environments.clear()
        await daemon.clock.until(lambda: scene.split == {"v1": 7_500, "v2": 2_500}, ROUTER_ASKED_EVERY + 2)
        assert (await daemon.ended(rollout)).phase is Phase.PROMOTED


async def test_a_daemon_that_starts_beside_it_takes_back_what_was_under_way(scene: Scene) -> None:
    """The release may have been lowered before its record: nobody can tell any more."""
    async with scene.daemon() as daemon:
        rollout = await half_way(daemon)
    scene.node.environments.clear()
    async with scene.daemon() as daemon:
        state = await daemon.ended(rollout)
        assert (state.phase, state.cause and state.cause.because) == (Phase.ROLLED_BACK, e.Because.MARK)
        assert "the router had forgotten everything" in state.reason
        given = [call.arguments[0] for call in daemon.router.called("reconcile")]
        assert not any(isinstance(routing, Routing) and routing.split.of(state.group) for routing in given)
        await daemon.at_rest()
        assert scene.split == {"v1": 10_000}


async def test_at_rest_and_before_the_first_shift_nothing_is_taken_back(scene: Scene) -> None:
    async with scene.daemon() as daemon:
        await daemon.stable("v1")
        await daemon.apply(LONG)
        rollout = await daemon.deploy("v2")
        await daemon.until(rollout, lambda state: state.step == 2)
    scene.node.environments.clear()
    async with scene.daemon() as daemon:
        await daemon.until(rollout, lambda state: state.step == 4)
        assert scene.split == {"v1": 7_500, "v2": 2_500}
        await daemon.service.abort(rollout, ADA, "seen enough")
        assert (await daemon.ended(rollout)).phase is Phase.ABORTED
