"""What people ask for: abort, pause, rollback, deploy again, the same call twice."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from rollway.domain import events as e
from rollway.domain.words import Phase, WaitingFor
from rollway.engine.journal import Proposal
from rollway.engine.usecases import NewRollout, RolloutView
from rollway.errors import ConflictError, NotFoundError
from rollway.testing.fake_target import Behaviour
from rollway.testing.faults import Fault
from tests.unit.engine.scene import ADA, PLACE, Daemon, Scene, of

pytestmark = pytest.mark.virtual_time

STEPS = 7
"""Steps of a canary with one weight: provision, verify, shift, observe, provision and verify again, shift 100, ..."""


async def say(daemon: Daemon, rollout: str, event: e.RolloutEvent) -> None:
    """A person's command, as a use case appends it."""
    await daemon.journal.change(PLACE, lambda *_: Proposal((event,)), rollout=rollout, actor=ADA)
    daemon.engine.wake(rollout=rollout)


@pytest.mark.parametrize("step", range(1, STEPS + 1))
async def test_abort_in_each_step(daemon: Daemon, scene: Scene, step: int) -> None:
    await daemon.stable("v1")
    if step in (2, 6):
        daemon.target.behave("v2", Behaviour(healthy_after=8))
    rollout = await daemon.deploy("v2")
    if step in (3, 7):
        at_it = lambda state: state.step == step and state.started  # noqa: E731
        daemon.when(rollout, at_it, lambda: daemon.router.breaks("reconcile", Fault.HANG, 2))
    await daemon.until(rollout, lambda state: state.step >= step)
    await daemon.service.abort(rollout, ADA)
    ended = await daemon.ended(rollout)
    assert ended.phase is Phase.ABORTED
    assert ended.reason == "aborted by ada"
    state = await daemon.at_rest()
    assert [group.release for group in state.groups.values()] == ["v1"]
    assert scene.split == {"v1": 10_000}


async def test_an_abort_lowers_before_it_is_recorded(daemon: Daemon, scene: Scene) -> None:
    await daemon.stable("v1")
    rollout = await daemon.deploy("v2")
    await daemon.until(rollout, lambda state: state.step == 4 and state.started)
    asked = daemon.clock.now()
    await daemon.service.abort(rollout, ADA)
    await daemon.ended(rollout)
    facts = await daemon.service.facts(rollout)
    [requested] = [f for f in facts if isinstance(f.event, e.AbortRequested)]
    [lower] = daemon.router.called("lower")
    assert asked <= lower.at <= requested.at + 0.001
    assert requested.actor == ADA
    [started] = of((f.event for f in facts), e.RollbackStarted)
    assert isinstance(started, e.RollbackStarted)
    assert started.because is e.Because.ABORT


async def test_an_abort_of_what_has_ended_is_refused(daemon: Daemon) -> None:
    rollout = await daemon.stable("v1")
    with pytest.raises(ConflictError, match="has ended"):
        await daemon.service.abort(rollout, ADA)
    with pytest.raises(NotFoundError):
        await daemon.service.abort("nobody", ADA)


async def test_abort_of_a_first_release_ends_it_with_nothing_left(daemon: Daemon, scene: Scene) -> None:
    await daemon.apply()
    daemon.target.behave("v1", Behaviour(healthy_after=None))
    rollout = await daemon.deploy("v1")
    await daemon.until(rollout, lambda state: state.step == 2)
    await daemon.service.abort(rollout, ADA)
    assert (await daemon.ended(rollout)).phase is Phase.ABORTED
    assert not (await daemon.at_rest()).groups
    assert daemon.target.alive() == []


async def test_rollback_at_rest_goes_to_the_last_good_release(daemon: Daemon, scene: Scene) -> None:
    await daemon.stable("v1")
    await daemon.ended(await daemon.deploy("v2"))
    await daemon.at_rest()
    view = await daemon.service.rollback("shop", "prod", None, ADA)
    ended = await daemon.ended(view.state.id)
    assert ended.phase is Phase.PROMOTED
    kinds = [s.does.kind for s in ended.admitted.plan.steps]
    assert kinds == ["provision", "verify", "shift", "promote", "retire"], "a cold one has no canary"
    state = await daemon.at_rest()
    assert state.stable_release == "v1"
    assert scene.split == {"v1": 10_000}


async def test_rollback_twice_does_not_come_back_to_what_was_taken_back(daemon: Daemon) -> None:
    for release in ("v1", "v2", "v3"):
        await (daemon.stable(release) if release == "v1" else daemon.ended(await daemon.deploy(release)))
    for wanted in ("v2", "v1"):
        view = await daemon.service.rollback("shop", "prod", None, ADA)
        await daemon.ended(view.state.id)
        assert (await daemon.environment()).stable_release == wanted
    with pytest.raises(NotFoundError, match="no earlier good release"):
        await daemon.service.rollback("shop", "prod", None, ADA)


async def test_rollback_to_a_named_release(daemon: Daemon) -> None:
    for release in ("v1", "v2", "v3"):
        await (daemon.stable(release) if release == "v1" else daemon.ended(await daemon.deploy(release)))
    view = await daemon.service.rollback("shop", "prod", "v1", ADA)
    await daemon.ended(view.state.id)
    assert (await daemon.environment()).stable_release == "v1"


async def test_rollback_during_a_rollout_ends_it(daemon: Daemon, scene: Scene) -> None:
    await daemon.stable("v1")
    rollout = await daemon.deploy("v2")
    await daemon.until(rollout, lambda state: state.step == 4 and state.started)
    view = await daemon.service.rollback("shop", "prod", None, ADA)
    assert view.state.id == rollout
    assert (await daemon.ended(rollout)).phase is Phase.ABORTED
    assert scene.split == {"v1": 10_000}


async def test_rollback_to_another_during_a_rollout_first_ends_it(daemon: Daemon, scene: Scene) -> None:
    await daemon.stable("v1")
    await daemon.ended(await daemon.deploy("v2"))
    rollout = await daemon.deploy("v3")
    await daemon.until(rollout, lambda state: state.step == 4 and state.started)
    view = await daemon.service.rollback("shop", "prod", "v1", ADA)
    assert view.state.id != rollout
    assert (await daemon.state(rollout)).phase is Phase.ABORTED
    await daemon.ended(view.state.id)
    await daemon.at_rest()
    assert scene.split == {"v1": 10_000}


async def asked_when_promoted(
    daemon: Daemon, ask: Callable[[], Coroutine[None, None, RolloutView]]
) -> RolloutView:
    """The answer to a call that arrives between the promotion of v2 and the end of its rollout."""
    await daemon.stable("v1")
    asked = list[asyncio.Task[RolloutView]]()
    rollout = await daemon.deploy("v2")
    daemon.when(rollout, lambda state: state.promoted, lambda: asked.append(asyncio.create_task(ask())))
    await daemon.ended(rollout)
    (task,) = asked
    return await task


async def test_rollback_just_after_the_promotion_goes_back_from_it(daemon: Daemon, scene: Scene) -> None:
    view = await asked_when_promoted(daemon, lambda: daemon.service.rollback("shop", "prod", None, ADA))
    assert view.state.admitted.release == "v1"
    assert (await daemon.ended(view.state.id)).phase is Phase.PROMOTED
    await daemon.at_rest()
    assert scene.split == {"v1": 10_000}


async def test_deploying_again_what_was_just_promoted_is_nothing_to_do(daemon: Daemon) -> None:
    wish = NewRollout("shop", "prod", "v2")
    view = await asked_when_promoted(daemon, lambda: daemon.service.start(wish, ADA))
    assert (view.state.admitted.release, view.outcome) == ("v2", "v2 is stable already; nothing to do")


async def test_rollback_of_what_is_being_taken_back_ends_with_it(daemon: Daemon, scene: Scene) -> None:
    """It goes no release further, however far the abort has come."""
    await daemon.stable("v0")
    await daemon.ended(await daemon.deploy("v1"))
    rollout = await daemon.deploy("v2")
    await daemon.until(rollout, lambda state: state.step == 4 and state.started)
    await daemon.service.abort(rollout, ADA)
    view = await daemon.service.rollback("shop", "prod", None, ADA)
    assert (view.state.id, view.outcome) == (rollout, "the rollout of v2 is being taken back")
    assert (await daemon.ended(rollout)).phase is Phase.ABORTED
    await daemon.at_rest()
    assert scene.split == {"v1": 10_000}


async def test_a_second_deploy_is_refused_and_named(daemon: Daemon) -> None:
    await daemon.stable("v1")
    rollout = await daemon.deploy("v2")
    with pytest.raises(ConflictError, match=rollout):
        await daemon.deploy("v3")
    assert (await daemon.ended(rollout)).phase is Phase.PROMOTED


async def test_deploying_what_is_stable_does_nothing(daemon: Daemon) -> None:
    first = await daemon.stable("v1")
    before = (await daemon.environment()).seq
    view = await daemon.service.start(NewRollout("shop", "prod", "v1"), ADA)
    assert view.state.id == first
    assert "stable already" in view.outcome
    assert (await daemon.environment()).seq == before


async def test_deploying_the_stable_release_ends_what_runs(daemon: Daemon, scene: Scene) -> None:
    await daemon.stable("v1")
    rollout = await daemon.deploy("v2")
    await daemon.until(rollout, lambda state: state.step == 4 and state.started)
    view = await daemon.service.start(NewRollout("shop", "prod", "v1"), ADA)
    assert view.state.id == rollout
    assert (await daemon.ended(rollout)).phase is Phase.ABORTED
    assert scene.split == {"v1": 10_000}


async def test_the_same_call_again_is_one_rollout(daemon: Daemon) -> None:
    await daemon.stable("v1")
    rollout = await daemon.deploy("v2", key="k1")
    assert await daemon.deploy("v2", key="k1") == rollout
    await daemon.ended(rollout)
    assert await daemon.deploy("v2", key="k1") == rollout


async def test_the_same_call_at_the_same_time_is_one_rollout(daemon: Daemon) -> None:
    await daemon.stable("v1")
    rollouts = await asyncio.gather(*(daemon.deploy("v2", key="k1") for _ in range(3)))
    assert len(set(rollouts)) == 1


async def test_the_same_abort_at_the_same_time_is_one(daemon: Daemon) -> None:
    await daemon.stable("v1")
    rollout = await daemon.deploy("v2")
    await daemon.until(rollout, lambda state: state.step == 4)
    await asyncio.gather(*(daemon.service.abort(rollout, ADA, key="k1") for _ in range(3)))
    assert len(of(await daemon.events(rollout), e.AbortRequested)) == 1


async def test_another_call_with_the_same_key_is_refused(daemon: Daemon) -> None:
    await daemon.stable("v1")
    await daemon.deploy("v2", key="k1")
    with pytest.raises(ConflictError, match="Idempotency-Key"):
        await daemon.deploy("v3", key="k1")


async def test_two_different_deploys_at_once_start_one(daemon: Daemon) -> None:
    await daemon.stable("v1")
    found = await asyncio.gather(daemon.deploy("v2"), daemon.deploy("v3"), return_exceptions=True)
    assert sorted(isinstance(each, ConflictError) for each in found) == [False, True]


async def test_a_pause_holds_and_a_resume_lets_go(daemon: Daemon, scene: Scene) -> None:
    await daemon.stable("v1")
    rollout = await daemon.deploy("v2")
    await daemon.until(rollout, lambda state: state.step == 4 and state.started)
    await daemon.clock.sleep(5.0)
    await say(daemon, rollout, e.PauseRequested(reason="let me look"))
    await daemon.clock.sleep(60.0)
    held = await daemon.state(rollout)
    assert (held.phase, held.waiting_for, held.step) == (Phase.PAUSED, WaitingFor.PERSON, 4)
    assert scene.split == {"v1": 7_500, "v2": 2_500}
    resumed = daemon.clock.now()
    await say(daemon, rollout, e.ResumeRequested())
    await daemon.until(rollout, lambda state: state.step >= 5)
    assert 4 <= daemon.clock.now() - resumed <= 6, "the rest of the hold was kept"
    assert (await daemon.ended(rollout)).phase is Phase.PROMOTED


async def test_a_failing_monitor_takes_back_what_is_paused(daemon: Daemon, scene: Scene) -> None:
    await daemon.stable("v1")
    rollout = await daemon.deploy("v2")
    await daemon.until(rollout, lambda state: state.step == 4 and state.started)
    await say(daemon, rollout, e.PauseRequested())
    await daemon.clock.sleep(5.0)
    scene.bad["v2"] = 0.5
    assert (await daemon.ended(rollout)).phase is Phase.ROLLED_BACK


async def test_a_person_may_go_on_without_evidence(daemon: Daemon, scene: Scene) -> None:
    await daemon.stable("v1")
    scene.rate = 0.0
    rollout = await daemon.deploy("v2")
    await daemon.until(rollout, lambda state: state.phase is Phase.PAUSED)
    await say(daemon, rollout, e.PromoteRequested(step=4))
    ended = await daemon.ended(rollout)
    assert ended.phase is Phase.PROMOTED
    assert ended.settled == {4: {"error-rate": "promoted"}}
