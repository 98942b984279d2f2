"""Pause, resume, promote, retry, output and history: the use cases, in virtual time."""

import asyncio

import pytest

from rollway.domain import events as e
from rollway.domain.words import Phase, WaitingFor
from rollway.engine.usecases import NewRelease, NewRollout, OnBusy
from rollway.errors import ConflictError, NotBuiltError, NotFoundError, RollwayError
from rollway.testing.fake_target import Behaviour
from rollway.testing.faults import Fault
from tests.unit.engine.scene import ADA, DIGEST, Daemon, Scene, of, settings

pytestmark = pytest.mark.virtual_time

TWO = settings({"weight": "25%", "hold": "60s"}, {"weight": "50%", "hold": "60s"})


async def watched(daemon: Daemon, *, step: int = 4) -> str:
    """v1 is stable; v2 stands in its first hold."""
    await daemon.stable("v1")
    await daemon.apply(TWO)
    rollout = await daemon.deploy("v2")
    await daemon.until(rollout, lambda state: state.step == step and state.started)
    return rollout


async def test_a_pause_keeps_the_weight_and_the_rest_of_the_hold(daemon: Daemon, scene: Scene) -> None:
    rollout = await watched(daemon)
    await daemon.clock.sleep(40.0)
    view = await daemon.service.pause(rollout, ADA, "let me look")
    assert (view.state.phase, view.state.waiting_for) == (Phase.PAUSED, WaitingFor.PERSON)
    assert view.state.reason == "paused by ada: let me look"
    kept = (await daemon.service.rollout(rollout)).watched
    assert 35 <= kept <= 45
    await daemon.clock.sleep(300.0)
    assert (await daemon.service.rollout(rollout)).watched == kept
    assert scene.split == {"v1": 7_500, "v2": 2_500}
    resumed = daemon.clock.now()
    assert (await daemon.service.resume(rollout, ADA)).state.phase is Phase.RUNNING
    await daemon.until(rollout, lambda state: state.step > 4)
    assert 15 <= daemon.clock.now() - resumed <= 25


async def test_a_pause_lets_a_call_in_flight_finish_and_starts_none(daemon: Daemon, scene: Scene) -> None:
    await daemon.stable("v1")
    rollout = await daemon.deploy("v2")
    shifting = lambda state: state.step == 3 and state.started  # noqa: E731
    daemon.when(rollout, shifting, lambda: daemon.router.breaks("reconcile", Fault.HANG, 1))
    await daemon.until(rollout, shifting)
    await daemon.service.pause(rollout, ADA)
    await daemon.until(rollout, lambda state: state.step == 4)
    await daemon.clock.sleep(60.0)
    assert scene.split == {"v1": 7_500, "v2": 2_500}
    assert not (await daemon.state(rollout)).started, "the observation was not begun"


async def test_a_failing_monitor_takes_back_what_is_paused(daemon: Daemon, scene: Scene) -> None:
    rollout = await watched(daemon)
    await daemon.service.pause(rollout, ADA)
    scene.bad["v2"] = 0.5
    assert (await daemon.ended(rollout)).phase is Phase.ROLLED_BACK


async def test_what_makes_no_sense_is_a_conflict(daemon: Daemon) -> None:
    rollout = await watched(daemon)
    with pytest.raises(ConflictError, match="is not paused, it is running"):
        await daemon.service.resume(rollout, ADA)
    with pytest.raises(ConflictError, match="goes on"):
        await daemon.service.retry(rollout, ADA)
    await daemon.service.pause(rollout, ADA)
    with pytest.raises(ConflictError, match="paused already"):
        await daemon.service.pause(rollout, ADA)


async def test_while_it_is_taken_back_only_an_abort_is_heard(daemon: Daemon) -> None:
    rollout = await watched(daemon)
    daemon.router.breaks("lower", Fault.HANG, 1)
    await daemon.service.abort(rollout, ADA)
    for said in (daemon.service.pause, daemon.service.resume, daemon.service.promote):
        with pytest.raises(ConflictError, match="is being taken back"):
            await said(rollout, ADA)
    await daemon.service.abort(rollout, ADA)
    assert (await daemon.ended(rollout)).phase is Phase.ABORTED
    for said in (daemon.service.pause, daemon.service.resume, daemon.service.promote):
        with pytest.raises(ConflictError, match="has ended"):
            await said(rollout, ADA)


async def test_resume_observes_anew_what_waits_for_evidence(daemon: Daemon, scene: Scene) -> None:
    await daemon.stable("v1")
    scene.rate = 0.0
    rollout = await daemon.deploy("v2")
    await daemon.until(rollout, lambda state: state.waiting_for is WaitingFor.EVIDENCE)
    assert (await daemon.service.resume(rollout, ADA)).state.phase is Phase.RUNNING
    resumed = daemon.clock.now()
    await daemon.until(rollout, lambda state: state.waiting_for is WaitingFor.EVIDENCE)
    assert daemon.clock.now() - resumed >= 10, "the whole hold once more"


async def test_promote_goes_on_to_the_next_entry_only(daemon: Daemon, scene: Scene) -> None:
    rollout = await watched(daemon)
    promoted = daemon.clock.now()
    await daemon.service.promote(rollout, ADA)
    await daemon.until(rollout, lambda state: state.weight == 5_000)
    assert daemon.clock.now() - promoted < 10
    await daemon.ended(rollout)
    assert daemon.clock.now() - promoted >= 60, "the second hold was kept"


async def test_promote_before_the_hold_is_about_the_hold(daemon: Daemon) -> None:
    await daemon.stable("v1")
    daemon.target.behave("v2", Behaviour(healthy_after=5))
    await daemon.apply(TWO)
    rollout = await daemon.deploy("v2")
    await daemon.until(rollout, lambda state: state.step == 2)
    await daemon.service.promote(rollout, ADA)
    await daemon.until(rollout, lambda state: state.weight == 5_000)
    assert daemon.clock.now() - (await daemon.state(rollout)).admitted_at < 20


async def test_a_full_promotion_shortens_every_hold(daemon: Daemon) -> None:
    rollout = await watched(daemon)
    said = daemon.clock.now()
    await daemon.service.promote(rollout, ADA, full=True)
    assert (await daemon.ended(rollout)).phase is Phase.PROMOTED
    assert daemon.clock.now() - said < 20


async def test_a_full_promotion_does_not_silence_the_monitors(daemon: Daemon, scene: Scene) -> None:
    rollout = await watched(daemon)
    scene.bad["v2"] = 0.9
    daemon.target.behave(
        "v2", Behaviour(healthy_after=3)
    )  # the further instances take a while: time to watch
    await daemon.service.promote(rollout, ADA, full=True)
    assert (await daemon.ended(rollout)).phase is Phase.ROLLED_BACK


async def test_a_retry_is_a_new_rollout_from_the_first_step(daemon: Daemon, scene: Scene) -> None:
    first = await watched(daemon)
    await daemon.service.abort(first, ADA)
    await daemon.ended(first)
    view = await daemon.service.retry(first, ADA)
    assert (view.state.id != first, view.state.step, view.state.admitted.retry_of) == (True, 1, first)
    assert (await daemon.ended(view.state.id)).phase is Phase.PROMOTED
    with pytest.raises(ConflictError, match="nothing to retry"):
        await daemon.service.retry(view.state.id, ADA)


async def test_a_retry_of_a_rollback_is_a_rollback(daemon: Daemon) -> None:
    await daemon.stable("v1")
    await daemon.ended(await daemon.deploy("v2"))
    daemon.target.behave("v1", Behaviour(healthy_after=None))
    back = (await daemon.service.rollback("shop", "prod", None, ADA)).state.id
    await daemon.until(back, lambda state: state.step == 2)
    await daemon.service.abort(back, ADA)
    await daemon.ended(back)
    again = await daemon.service.retry(back, ADA)
    assert again.state.admitted.strategy == "rollback"


@pytest.mark.parametrize("verb", ["pause", "promote"])
async def test_the_same_call_at_the_same_time_is_one(daemon: Daemon, verb: str) -> None:
    rollout = await watched(daemon)
    said = getattr(daemon.service, verb)
    await asyncio.gather(*(said(rollout, ADA, key="k1") for _ in range(3)))
    await said(rollout, ADA, key="k1")
    events = await daemon.events(rollout)
    assert len(of(events, e.PauseRequested, e.PromoteRequested)) == 1


async def test_a_retry_made_twice_is_one_rollout(daemon: Daemon) -> None:
    rollout = await watched(daemon)
    await daemon.service.abort(rollout, ADA)
    await daemon.ended(rollout)
    again = await asyncio.gather(*(daemon.service.retry(rollout, ADA, key="k1") for _ in range(3)))
    assert len({view.state.id for view in again}) == 1


@pytest.mark.parametrize("verb", ["rollback", "deploy"])
async def test_the_end_of_a_rollout_asked_for_twice_is_one_and_starts_nothing(
    daemon: Daemon, verb: str
) -> None:
    """A repeated `rollback` must not go back one release further when the first has done its work meanwhile."""
    await daemon.stable("v0")
    await daemon.ended(await daemon.deploy("v1"))
    await daemon.apply(TWO)
    rollout = await daemon.deploy("v2")
    await daemon.until(rollout, lambda state: state.step == 4 and state.started)

    async def call() -> tuple[str, str]:
        if verb == "rollback":
            view = await daemon.service.rollback("shop", "prod", None, ADA, key="k1")
        else:
            view = await daemon.service.start(NewRollout("shop", "prod", "v1"), ADA, key="k1")
        return view.state.id, view.outcome

    first = await call()
    await daemon.ended(rollout)
    assert await call() == first
    assert first == (rollout, "the rollout of v2 is being taken back")
    assert (await daemon.environment()).rollout is None


async def test_an_unwatched_rollout_says_why_and_history_keeps_it(daemon: Daemon) -> None:
    await daemon.stable("v1")
    await daemon.service.register(NewRelease("shop", "v2", DIGEST), ADA)
    with pytest.raises(RollwayError, match="needs a reason"):
        await daemon.service.start(NewRollout("shop", "prod", "v2", unwatched=True), ADA)
    wish = NewRollout("shop", "prod", "v2", unwatched=True, reason="the monitors are wrong")
    unwatched = (await daemon.service.start(wish, ADA)).state.id
    await daemon.ended(unwatched)
    await daemon.ended((await daemon.service.rollback("shop", "prod", None, ADA)).state.id)
    back, bad, first = await daemon.service.history("shop", "prod")
    assert (bad.summary.facts["unwatched"], bad.summary.facts["why"]) == (True, "the monitors are wrong")
    assert (back.stable, bad.stable, first.stable) == (True, False, False)
    assert (back.taken_back, bad.taken_back, first.taken_back) == (False, True, False)
    assert isinstance(bad.summary.facts["ended_at"], float)
    older = await daemon.service.history("shop", "prod", limit=1, before=unwatched)
    assert [each.summary.release for each in older] == ["v1"]
    with pytest.raises(NotFoundError):
        await daemon.service.history("shop", "nowhere")


@pytest.mark.parametrize("on_busy", ["replace", "queue"])
async def test_what_is_not_built_for_a_busy_environment_is_refused(daemon: Daemon, on_busy: OnBusy) -> None:
    await daemon.stable("v1")
    with pytest.raises(NotBuiltError, match="not built yet"):
        await daemon.deploy("v2", on_busy=on_busy)
    assert (await daemon.environment()).rollout is None


async def test_output_of_both_sides_and_of_what_is_gone(daemon: Daemon, scene: Scene) -> None:
    rollout = await watched(daemon)
    found = await daemon.service.logs(rollout, 5)
    assert [(each.role, each.release, each.running) for each in found] == [
        ("canary", "v2", True),
        ("stable", "v1", True),
        ("stable", "v1", True),
    ]
    with pytest.raises(NotFoundError):
        await daemon.service.logs("nobody")


async def test_the_last_words_of_the_dead_are_kept_when_their_files_are_gone(daemon: Daemon) -> None:
    await daemon.stable("v1")
    daemon.target.behave("v2", Behaviour(dies_after=1, says=("cannot read the price list",)))
    rollout = await daemon.deploy("v2")
    await daemon.ended(rollout)
    await daemon.at_rest()
    new = [each for each in await daemon.service.logs(rollout) if each.role == "canary"]
    assert new
    assert {(each.running, each.lines) for each in new} == {(False, ("cannot read the price list",))}
