"""Tokens, marks and drift: what a daemon finds on the node, and how an old one is kept from writing."""

from itertools import pairwise

import pytest

from rollway.domain import events as e
from rollway.domain.effects import Effect, Mark, Token
from rollway.domain.split import Split
from rollway.domain.words import Phase
from rollway.plugin.kinds import StaleToken
from rollway.testing.faults import Call, Fault
from tests.unit.engine.scene import PLACE, Daemon, Scene, of

pytestmark = pytest.mark.virtual_time


def tokens(calls: list[Call]) -> list[Token]:
    """The tokens of these calls, as they arrived."""
    return [a.token for call in calls for a in call.arguments if isinstance(a, Effect)]


async def test_tokens_strictly_rise(daemon: Daemon) -> None:
    await daemon.stable("v1")
    await daemon.ended(await daemon.deploy("v2"))
    await daemon.at_rest()
    for calls in (daemon.router.calls, daemon.target.calls):
        carried = tokens(calls)
        assert len(carried) > 3
        assert all(earlier < later for earlier, later in pairwise(carried))


async def test_every_start_has_a_higher_epoch_before_its_first_effect(scene: Scene) -> None:
    epochs: list[int] = []
    for life in range(3):
        async with scene.daemon() as daemon:
            if life == 0:
                await daemon.stable("v1")
            else:
                daemon.target.die(daemon.target.alive()[0])
                await daemon.clock.sleep(5.0)
            epochs += {t.epoch for t in tokens(daemon.target.calls + daemon.router.calls)}
    assert len(epochs) == 3, "one epoch for each life"
    assert epochs == sorted(set(epochs))


async def test_an_old_daemon_that_wakes_up_changes_nothing(scene: Scene) -> None:
    async with scene.daemon() as old:
        await old.stable("v1")
        [routing] = [c.arguments for c in old.router.called("reconcile")][-1:]
        async with scene.daemon() as new:
            await new.ended(await new.deploy("v2"))
            with pytest.raises(StaleToken):
                await old.router.reconcile(*routing)  # type: ignore[arg-type]
            assert scene.split == {"v2": 10_000}


async def test_two_daemons_at_once_start_nothing_twice(scene: Scene) -> None:
    async with scene.daemon() as one, scene.daemon() as two:
        await one.stable("v1")
        await two.clock.sleep(5.0)
        ended = await two.ended(await two.deploy("v2"))
        assert ended.phase in (Phase.PROMOTED, Phase.ROLLED_BACK)
    assert set(scene.machine.starts.values()) == {1}


async def test_a_call_that_returns_late_writes_no_old_weight(daemon: Daemon, scene: Scene) -> None:
    await daemon.stable("v1")
    rollout = await daemon.deploy("v2")
    daemon.when(
        rollout,
        lambda state: state.step == 3 and state.started,
        lambda: daemon.router.breaks("reconcile", Fault.LATE),
    )
    await daemon.until(rollout, lambda state: state.step == 3 and state.started)
    await daemon.service.abort(rollout, "user:ada")
    daemon.router.thaw()
    assert (await daemon.ended(rollout)).phase is Phase.ABORTED
    await daemon.at_rest()
    assert scene.split == {"v1": 10_000}


async def test_a_mark_found_at_the_start_takes_the_rollout_back(scene: Scene) -> None:
    async with scene.daemon() as first:
        await first.stable("v1")
        rollout = await first.deploy("v2")
        state = await first.until(rollout, lambda state: state.step == 4 and state.started)
    mark = Mark(state.group, f"{rollout}:lower", "error-rate: 9 % against 0 %")
    await first.router.lower(PLACE, mark)
    async with scene.daemon() as second:
        ended = await second.ended(rollout)
        assert ended.phase is Phase.ROLLED_BACK
        assert ended.reason == mark.reason
        [started] = of(await second.events(rollout), e.RollbackStarted)
        assert isinstance(started, e.RollbackStarted)
        assert started.because is e.Because.MARK
        assert of(await second.events(rollout), e.WeightLowered)
        assert not of(await second.environment_events(), e.DriftFound)
        await second.at_rest()
    assert scene.split == {"v1": 10_000}


async def test_less_weight_without_a_mark_is_drift_and_put_back(scene: Scene) -> None:
    async with scene.daemon() as first:
        await first.stable("v1")
        rollout = await first.deploy("v2")
        state = await first.until(rollout, lambda state: state.step == 4 and state.started)
    assert state.stable is not None
    scene.node.environments[PLACE].split = Split.all_to(state.stable)
    async with scene.daemon() as second:
        await second.clock.sleep(2.0)
        assert scene.split == {"v1": 7_500, "v2": 2_500}
        [drift] = of(await second.environment_events(), e.DriftFound)
        assert isinstance(drift, e.DriftFound)
        assert "10000" in drift.what
        assert (await second.ended(rollout)).phase is Phase.PROMOTED


async def test_a_daemon_that_starts_in_order_reports_no_drift(scene: Scene) -> None:
    async with scene.daemon() as first:
        await first.stable("v1")
        rollout = await first.deploy("v2")
        await first.until(rollout, lambda state: state.step == 4 and state.started)
    async with scene.daemon() as second:
        await second.ended(rollout)
        assert not of(await second.environment_events(), e.DriftFound)


async def test_a_shift_under_way_when_the_daemon_died_is_no_drift(scene: Scene) -> None:
    async with scene.daemon() as first:
        await first.stable("v1")
        rollout = await first.deploy("v2")
        first.when(
            rollout,
            lambda state: state.step == 3 and state.started,
            lambda: first.router.breaks("reconcile", Fault.HANG, 2),
        )
        await first.until(rollout, lambda state: state.step == 3 and state.started)
    async with scene.daemon() as second:
        assert (await second.ended(rollout)).phase is Phase.PROMOTED
        assert not of(await second.environment_events(), e.DriftFound)
