"""The main job, told by name: a good release goes out by itself, a bad one comes back by itself."""

import pytest

from rollway.domain import events as e
from rollway.domain.words import Phase, WaitingFor
from rollway.testing.fake_target import Behaviour
from tests.unit.engine.scene import PLACE, Daemon, Scene, of, settings

pytestmark = pytest.mark.virtual_time


async def test_the_first_release(daemon: Daemon, scene: Scene) -> None:
    await daemon.apply()
    rollout = await daemon.deploy("v1")
    ended = await daemon.ended(rollout)
    assert ended.phase is Phase.PROMOTED
    assert [s.does.kind for s in ended.admitted.plan.steps] == ["provision", "verify", "shift", "promote"]
    assert scene.split == {"v1": 10_000}
    assert (await daemon.environment()).stable_release == "v1"


async def test_a_good_canary_is_promoted(daemon: Daemon, scene: Scene) -> None:
    await daemon.stable("v1")
    rollout = await daemon.deploy("v2")
    ended = await daemon.ended(rollout)
    assert ended.phase is Phase.PROMOTED, ended.reason
    assert ended.settled == {4: {"error-rate": "pass"}}
    state = await daemon.at_rest()
    assert state.stable_release == "v2"
    assert [group.release for group in state.groups.values()] == ["v2"]
    assert scene.split == {"v2": 10_000}
    assert set(scene.served) == {None, "v1", "v2"}, "503 only before the first release"


async def test_a_hold_is_never_cut_short(daemon: Daemon, scene: Scene) -> None:
    await daemon.stable("v1")
    rollout = await daemon.deploy("v2")
    ended = await daemon.ended(rollout)
    facts = await daemon.service.facts(rollout)
    began = next(f.at for f in facts if isinstance(f.event, e.StepStarted) and f.event.step == 4)
    over = next(f.at for f in facts if isinstance(f.event, e.StepFinished) and f.event.step == 4)
    assert 10 <= over - began < 11
    assert ended.phase is Phase.PROMOTED


async def test_each_step_sends_its_share(daemon: Daemon, scene: Scene) -> None:
    await daemon.apply(settings({"weight": "10%", "hold": "5s"}, {"weight": "50%", "hold": "5s"}))
    await daemon.ended(await daemon.deploy("v1"))
    rollout = await daemon.deploy("v2")
    await daemon.until(rollout, lambda state: state.step == 4 and state.started)
    assert scene.split == {"v1": 9_000, "v2": 1_000}
    await daemon.until(rollout, lambda state: state.step == 6 and state.started)
    assert scene.split == {"v1": 5_000, "v2": 5_000}
    assert (await daemon.ended(rollout)).phase is Phase.PROMOTED


@pytest.mark.parametrize("share", [0.05, 1.0])
async def test_a_bad_canary_comes_back_by_itself(daemon: Daemon, scene: Scene, share: float) -> None:
    await daemon.stable("v1")
    scene.bad["v2"] = share
    rollout = await daemon.deploy("v2")
    ended = await daemon.ended(rollout)
    assert ended.phase is Phase.ROLLED_BACK
    assert ended.reason.startswith("error-rate: ")
    assert ended.verdicts["error-rate"].verdict.verdict == "fail"
    state = await daemon.at_rest()
    assert state.stable_release == "v1"
    assert [group.release for group in state.groups.values()] == ["v1"]
    assert scene.split == {"v1": 10_000}


async def test_weight_goes_to_0_before_anything_else(daemon: Daemon, scene: Scene) -> None:
    await daemon.stable("v1")
    scene.bad["v2"] = 1.0
    rollout = await daemon.deploy("v2")
    ended = await daemon.ended(rollout)
    await daemon.at_rest()
    facts = await daemon.service.facts(rollout)
    [started] = [f for f in facts if isinstance(f.event, e.RollbackStarted)]
    [lowered] = [f for f in facts if isinstance(f.event, e.WeightLowered)]
    acts = [c for c in daemon.router.calls if c.verb in ("lower", "reconcile", "sever")]
    [lowering] = [c for c in acts if c.verb == "lower"]
    assert lowering.at <= started.at <= lowered.at
    assert lowered.at - lowering.at < 0.1
    after = acts[acts.index(lowering) + 1 :]
    assert next(c for c in after if c.verb == "sever").at >= lowering.at + 0.5, "requests in flight get 0.5 s"
    stops = [c for c in daemon.target.called("stop") if c.at >= lowering.at]
    assert stops
    assert all(c.at >= lowering.at + 0.5 for c in stops)
    assert (PLACE, ended.group) in scene.node.severed


async def test_without_traffic_it_waits_for_evidence(daemon: Daemon, scene: Scene) -> None:
    await daemon.stable("v1")
    scene.rate = 0.0
    rollout = await daemon.deploy("v2")
    paused = await daemon.until(rollout, lambda state: state.phase is Phase.PAUSED)
    assert paused.waiting_for is WaitingFor.EVIDENCE
    assert "no_data" in paused.reason
    await daemon.clock.sleep(120.0)
    assert (await daemon.state(rollout)).phase is Phase.PAUSED
    assert scene.split == {"v1": 7_500, "v2": 2_500}


async def test_it_goes_on_by_itself_when_traffic_comes(daemon: Daemon, scene: Scene) -> None:
    await daemon.stable("v1")
    scene.rate = 0.0
    rollout = await daemon.deploy("v2")
    await daemon.until(rollout, lambda state: state.phase is Phase.PAUSED)
    scene.rate = 500.0
    assert (await daemon.ended(rollout)).phase is Phase.PROMOTED


async def test_bad_traffic_takes_it_back_while_it_waits(daemon: Daemon, scene: Scene) -> None:
    await daemon.stable("v1")
    scene.rate, scene.bad["v2"] = 0.0, 0.3
    rollout = await daemon.deploy("v2")
    await daemon.until(rollout, lambda state: state.phase is Phase.PAUSED)
    scene.rate = 500.0
    assert (await daemon.ended(rollout)).phase is Phase.ROLLED_BACK


async def test_a_release_that_is_never_healthy_is_taken_back_before_any_traffic(
    daemon: Daemon, scene: Scene
) -> None:
    await daemon.stable("v1")
    daemon.target.behave("v2", Behaviour(healthy_after=None, says=("listening", "no such table: orders")))
    rollout = await daemon.deploy("v2")
    ended = await daemon.ended(rollout)
    assert ended.phase is Phase.ROLLED_BACK
    assert "no such table: orders" in ended.reason
    assert "connection refused" in ended.reason
    assert "v2" not in scene.served
    assert scene.split == {"v1": 10_000}
    assert [group.release for group in (await daemon.at_rest()).groups.values()] == ["v1"]


async def test_a_first_release_that_is_never_healthy_fails_and_needs_no_repair(
    daemon: Daemon, scene: Scene
) -> None:
    await daemon.apply()
    daemon.target.behave("v1", Behaviour(healthy_after=None, says=("no such table: orders",)))
    ended = await daemon.ended(await daemon.deploy("v1"))
    assert ended.phase is Phase.FAILED
    assert "no such table: orders" in ended.reason
    state = await daemon.at_rest()
    assert not state.groups
    assert scene.split == {}
    assert daemon.target.alive() == []
    assert (await daemon.ended(await daemon.deploy("v2"))).phase is Phase.PROMOTED
    assert scene.split == {"v2": 10_000}


async def test_a_release_that_dies_at_once_says_so(daemon: Daemon, scene: Scene) -> None:
    await daemon.stable("v1")
    daemon.target.behave("v2", Behaviour(healthy_after=None, dies_after=1, says=("ImportError: shop",)))
    ended = await daemon.ended(await daemon.deploy("v2"))
    assert ended.phase is Phase.ROLLED_BACK
    assert "died" in ended.reason
    assert "ImportError: shop" in ended.reason


async def test_three_deaths_under_traffic_take_it_back(daemon: Daemon, scene: Scene) -> None:
    await daemon.apply(settings({"weight": "25%", "hold": "5m"}))
    await daemon.ended(await daemon.deploy("v1"))
    rollout = await daemon.deploy("v2")
    state = await daemon.until(rollout, lambda state: state.step == 4 and state.started)
    for _ in range(3):
        await daemon.clock.until(lambda: bool(daemon.target.alive(state.group)))
        daemon.target.die(daemon.target.alive(state.group)[0], "exited with code 139")
        await daemon.clock.sleep(1.0)
    ended = await daemon.ended(rollout)
    assert ended.phase is Phase.ROLLED_BACK
    assert ended.cause is not None
    assert ended.cause.because is e.Because.DEATHS
    assert "exited with code 139" in ended.reason


async def test_promoted_only_with_evidence(daemon: Daemon) -> None:
    """Every observed step of every story here ended with a pass of its monitor, and the log says so."""
    await daemon.stable("v1")
    rollout = await daemon.deploy("v2")
    await daemon.ended(rollout)
    events = await daemon.events(rollout)
    [promoted] = of(events, e.Promoted)
    passed = [
        v for v in of(events, e.VerdictReached) if isinstance(v, e.VerdictReached) and v.verdict == "pass"
    ]
    assert passed
    assert events.index(passed[0]) < events.index(promoted)
    assert passed[0].evidence["canary"]["requests"] > 100  # type: ignore[index]
