"""When the outside fails: calls that hang or fail, a store out of reach, instances that die."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from rollway.domain import events as e
from rollway.domain.rollout import RolloutState
from rollway.domain.words import Phase
from rollway.engine.effects import Trouble, call
from rollway.errors import ConflictError, PluginError
from rollway.store import StoreUnavailable
from rollway.testing.faults import Fault
from tests.unit.engine.scene import ADA, PLACE, Daemon, Scene, of, settings

pytestmark = pytest.mark.virtual_time


def shifting(state: RolloutState) -> bool:
    """The first shift is recorded, its effect not yet begun."""
    return state.step == 3 and state.started


def watching(state: RolloutState) -> bool:
    """The hold has begun."""
    return state.step == 4 and state.started


async def test_a_reconcile_that_hangs_is_cancelled_and_taken_back(daemon: Daemon, scene: Scene) -> None:
    await daemon.stable("v1")
    rollout = await daemon.deploy("v2")
    daemon.when(rollout, shifting, lambda: daemon.router.breaks("reconcile", Fault.HANG, 6))
    ended = await daemon.ended(rollout)
    assert ended.phase is Phase.ROLLED_BACK
    [failed] = of(await daemon.events(rollout), e.StepFailed)
    assert isinstance(failed, e.StepFailed)
    assert failed.hung
    assert "did not answer" in failed.reason
    await daemon.at_rest()
    assert scene.split == {"v1": 10_000}


async def test_a_reconcile_that_keeps_failing_is_taken_back_and_is_not_hung(
    daemon: Daemon, scene: Scene
) -> None:
    await daemon.stable("v1")
    rollout = await daemon.deploy("v2")
    daemon.when(rollout, shifting, lambda: daemon.router.breaks("reconcile", Fault.FAIL, 100))
    ended = await daemon.ended(rollout)
    assert ended.phase is Phase.ROLLED_BACK
    [failed] = of(await daemon.events(rollout), e.StepFailed)
    assert isinstance(failed, e.StepFailed)
    assert not failed.hung
    assert "was told to fail" in failed.reason


@pytest.mark.parametrize("fault", [Fault.FAIL, Fault.SILENT])
async def test_a_failing_reconcile_is_tried_again(daemon: Daemon, scene: Scene, fault: Fault) -> None:
    await daemon.stable("v1")
    rollout = await daemon.deploy("v2")
    daemon.when(rollout, shifting, lambda: daemon.router.breaks("reconcile", fault, 3))
    assert (await daemon.ended(rollout)).phase is Phase.PROMOTED
    assert not of(await daemon.events(rollout), e.StepFailed)


@pytest.mark.parametrize("fault", [Fault.FAIL, Fault.HANG, Fault.SILENT])
async def test_a_lowering_is_repeated_until_it_is_in_force(
    daemon: Daemon, scene: Scene, fault: Fault
) -> None:
    await daemon.stable("v1")
    scene.bad["v2"] = 1.0
    daemon.router.breaks("lower", fault, 5)
    rollout = await daemon.deploy("v2")
    ended = await daemon.ended(rollout)
    assert ended.phase is Phase.ROLLED_BACK
    assert len(daemon.router.called("lower")) == 6
    facts = await daemon.service.facts(rollout)
    [lowered] = [f for f in facts if isinstance(f.event, e.WeightLowered)]
    assert lowered.at >= daemon.router.called("lower")[-1].at
    assert scene.split == {"v1": 10_000}


async def test_without_a_store_the_weight_goes_to_0_all_the_same(daemon: Daemon, scene: Scene) -> None:
    await daemon.stable("v1")
    rollout = await daemon.deploy("v2")
    await daemon.until(rollout, watching)
    daemon.store.down, scene.bad["v2"] = True, 1.0
    await daemon.clock.until(lambda: scene.split == {"v1": 10_000}, within=10.0)
    await daemon.clock.sleep(30.0)
    assert scene.split == {"v1": 10_000}
    daemon.store.down = False
    ended = await daemon.ended(rollout, within=10.0)
    assert ended.phase is Phase.ROLLED_BACK
    assert ended.reason.startswith("error-rate: ")
    assert (await daemon.at_rest()).stable_release == "v1"


async def test_an_abort_without_a_store_lowers_and_is_recorded_once_it_is_back(
    daemon: Daemon, scene: Scene
) -> None:
    await daemon.stable("v1")
    rollout = await daemon.deploy("v2")
    await daemon.until(rollout, watching)
    daemon.store.down = True
    with pytest.raises(StoreUnavailable):
        await daemon.service.abort(rollout, ADA, "I saw enough")
    await daemon.clock.until(lambda: scene.split == {"v1": 10_000}, within=5.0)
    daemon.store.down = False
    ended = await daemon.ended(rollout, within=20.0)
    assert ended.phase is Phase.ABORTED
    assert ended.reason == "I saw enough"


async def test_an_abort_in_the_moment_of_a_shift_is_in_force_when_it_says_so(
    daemon: Daemon, scene: Scene
) -> None:
    """The shift's record is on its way when a person aborts: nothing is to lower yet, and soon there is."""
    await daemon.stable("v1")
    rollout = await daemon.deploy("v2")
    daemon.when(rollout, lambda state: state.step == 3, lambda: setattr(daemon.store, "way", 0.5))
    await daemon.until(rollout, lambda state: state.step == 3)
    await daemon.service.abort(rollout, ADA)
    ended = await daemon.ended(rollout)
    facts = await daemon.service.facts(rollout)
    assert ended.phase is Phase.ABORTED
    assert ended.shifted
    [lowered] = [f for f in facts if isinstance(f.event, e.WeightLowered)]
    [lowering] = daemon.router.called("lower")
    assert lowering.at <= lowered.at
    assert scene.split == {"v1": 10_000}


@pytest.mark.parametrize("by", ["a person", "a verdict"])
async def test_what_comes_in_the_moment_of_the_promotion_lowers_nothing_that_is_stable(
    daemon: Daemon, scene: Scene, by: str
) -> None:
    """The promotion is on its way to the log: it cannot be called back, only gone back from."""
    await daemon.stable("v1")
    rollout = await daemon.deploy("v2")

    def slow() -> None:
        daemon.store.way = 1.0
        scene.bad["v2"] = 1.0 if by == "a verdict" else 0.0

    daemon.when(rollout, lambda state: state.step == 8 and not state.started, slow)
    state = await daemon.until(rollout, lambda state: state.step == 8)
    await daemon.clock.sleep(0.9)
    if by == "a person":
        with pytest.raises(ConflictError, match="promoted"):
            await daemon.service.abort(rollout, ADA)
    daemon.store.way = 0.001
    assert (await daemon.ended(rollout)).phase is Phase.PROMOTED
    assert not daemon.router.called("lower")
    await daemon.at_rest()
    assert scene.split == {"v2": 10_000}
    assert state.group not in scene.node.environments[PLACE].marks


async def test_a_rollout_outlives_a_store_that_is_away(daemon: Daemon, scene: Scene) -> None:
    await daemon.stable("v1")
    rollout = await daemon.deploy("v2")
    await daemon.until(rollout, watching)
    daemon.store.down = True
    await daemon.clock.sleep(20.0)
    assert scene.split == {"v1": 7_500, "v2": 2_500}
    daemon.store.down = False
    assert (await daemon.ended(rollout, within=60.0)).phase is Phase.PROMOTED


async def test_a_stable_without_a_healthy_instance_delays_the_lowering(daemon: Daemon, scene: Scene) -> None:
    await daemon.apply(settings({"weight": "25%", "hold": "5m"}, instances=1))
    await daemon.ended(await daemon.deploy("v1"))
    rollout = await daemon.deploy("v2")
    state = await daemon.until(rollout, watching)
    assert state.stable is not None
    [old] = daemon.target.alive(state.stable)
    daemon.target.sicken(old)
    await daemon.clock.sleep(2.0)
    await daemon.service.abort(rollout, ADA)
    delayed = await daemon.until(rollout, lambda state: state.delayed)
    assert "no healthy instance" in delayed.reason
    await daemon.clock.sleep(20.0)
    assert scene.split == {"v1": 7_500, "v2": 2_500}
    daemon.target.heal(old)
    assert (await daemon.ended(rollout)).phase is Phase.ABORTED
    assert scene.split == {"v1": 10_000}


async def test_an_instance_that_dies_at_rest_is_replaced_with_backoff(daemon: Daemon, scene: Scene) -> None:
    await daemon.stable("v1")
    born: list[float] = []
    for deaths in range(1, 5):
        victim = daemon.target.alive()[0]
        daemon.target.die(victim)
        at = daemon.clock.now()
        await daemon.clock.until(lambda: len(daemon.target.alive()) == 2, within=60.0)
        born.append(daemon.clock.now() - at)
        assert victim not in daemon.target.alive()
        assert len(daemon.target.machine.starts) == 2 + deaths, "under a new id"
    assert born[0] < 3 < born[-1], "each time it waits longer"
    died = of(await daemon.environment_events(), e.InstanceDied)
    assert len(died) == 4
    assert set(daemon.target.machine.starts.values()) == {1}


async def test_a_start_that_fails_counts_as_a_death(daemon: Daemon, scene: Scene) -> None:
    await daemon.stable("v1")
    daemon.target.breaks("start", Fault.FAIL, 3)
    ended = await daemon.ended(await daemon.deploy("v2"))
    assert ended.phase is Phase.ROLLED_BACK
    assert "start was told to fail" in ended.reason


@pytest.mark.parametrize(
    ("verb", "fault"),
    [*((verb, Fault.SILENT) for verb in ("start", "stop", "forget")), ("observe", Fault.HANG)],
)
async def test_a_target_that_stumbles_once_changes_nothing_in_the_end(
    daemon: Daemon, scene: Scene, verb: str, fault: Fault
) -> None:
    await daemon.stable("v1")
    rollout = await daemon.deploy("v2")
    daemon.target.breaks(verb, fault)
    assert (await daemon.ended(rollout)).phase is Phase.PROMOTED
    state = await daemon.at_rest()
    assert [group.release for group in state.groups.values()] == ["v2"]


@pytest.mark.parametrize("verb", ["counters", "observe", "sever", "reconcile"])
@pytest.mark.parametrize("fault", [Fault.FAIL, Fault.SILENT, Fault.HANG])
async def test_a_router_that_stumbles_once_changes_nothing_in_the_end(
    daemon: Daemon, scene: Scene, verb: str, fault: Fault
) -> None:
    await daemon.stable("v1")
    rollout = await daemon.deploy("v2")
    daemon.router.breaks(verb, fault)
    assert (await daemon.ended(rollout)).phase is Phase.PROMOTED
    state = await daemon.at_rest()
    assert [group.release for group in state.groups.values()] == ["v2"]
    assert scene.split == {"v2": 10_000}


async def test_counters_that_cannot_be_read_never_promote(daemon: Daemon, scene: Scene) -> None:
    await daemon.stable("v1")
    daemon.router.unreadable = True
    rollout = await daemon.deploy("v2")
    paused = await daemon.until(rollout, lambda state: state.phase is Phase.PAUSED)
    assert "error-rate" in paused.reason
    await daemon.clock.sleep(60.0)
    assert (await daemon.state(rollout)).phase is Phase.PAUSED
    daemon.router.unreadable = False
    assert (await daemon.ended(rollout)).phase is Phase.PROMOTED


async def test_what_hangs_is_told_from_what_fails() -> None:
    with pytest.raises(Trouble) as hung:
        await call("the router", asyncio.sleep(60.0), 5.0)
    assert hung.value.hung

    async def fails() -> None:
        raise PluginError("no such listener")

    with pytest.raises(Trouble, match="the router: no such listener") as failed:
        await call("the router", fails(), 5.0)
    assert not failed.value.hung


async def test_a_time_out_of_the_plugins_own_is_a_failure() -> None:
    async def times_out() -> None:
        raise TimeoutError("the admin socket did not answer")

    with pytest.raises(Trouble, match="the admin socket") as failed:
        await call("the router", times_out(), 5.0)
    assert not failed.value.hung


async def test_trouble_travels_through_any_context() -> None:
    """Context managers set the traceback of what passes through them."""

    @contextmanager
    def passing() -> Iterator[None]:
        yield

    with pytest.raises(Trouble), passing():
        raise Trouble("as asked")
