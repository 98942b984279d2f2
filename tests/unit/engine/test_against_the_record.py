"""A release that takes all traffic at once is held against what stable did before: in virtual time."""

import pytest

from rollway.domain import events as e
from rollway.domain.events import Because, StableRecord
from rollway.domain.plan import Observe
from rollway.domain.traffic import GroupCounters
from rollway.domain.words import Phase, Verdict
from rollway.engine.baseline import Baseline, TrackRecord
from rollway.engine.planning import PlanError
from rollway.evidence.record import against_the_record
from rollway.store import Json
from rollway.testing.clock import BEGAN
from tests.unit.engine.scene import PLACE, Daemon, Scene

pytestmark = pytest.mark.virtual_time


def at_once(*monitors: Json, hold: str = "30s") -> Json:
    """A deploy.yaml of shop that switches at once."""
    environment: Json = {
        "target": {"use": "fake", "instances": 2},
        "router": {"use": "fake"},
        "strategy": {"use": "all-at-once", "hold": hold},
        "monitors": list(monitors) or [{"use": "error-rate"}],
    }
    return {"version": 1, "application": "shop", "environments": {"prod": environment}}


async def served(daemon: Daemon, seconds: float = 90.0, document: Json | None = None) -> None:
    """v1 is stable and has had traffic for so long."""
    await daemon.apply(document or at_once())
    assert (await daemon.ended(await daemon.deploy("v1"))).phase is Phase.PROMOTED
    await daemon.clock.sleep(seconds)


def record_of(events: list[e.Event]) -> StableRecord:
    [record] = [event.record for event in events if isinstance(event, e.StepStarted) and event.record]
    return record


async def test_a_good_release_is_promoted_after_the_hold(daemon: Daemon, scene: Scene) -> None:
    await served(daemon)
    rollout = await daemon.deploy("v2")
    switched = await daemon.until(rollout, lambda state: state.weight == 10_000)
    ended = await daemon.ended(rollout)
    assert ended.phase is Phase.PROMOTED
    assert (ended.ended_at or 0) - switched.step_started_at >= 30.0
    assert scene.split == {"v2": 10_000}


@pytest.mark.parametrize(("share", "within"), [(1.0, 2.0), (0.1, 4.0), (0.03, 15.0)])
async def test_a_bad_release_is_taken_back(daemon: Daemon, scene: Scene, share: float, within: float) -> None:
    await served(daemon)
    scene.bad["v2"] = share
    rollout = await daemon.deploy("v2")
    ended = await daemon.ended(rollout)
    assert ended.phase is Phase.ROLLED_BACK
    assert ended.cause is not None
    assert ended.cause.because is Because.VERDICT
    shifted = next(f.at for f in await daemon.service.facts(rollout) if getattr(f.event, "record", None))
    assert (ended.lowered_at or 0) - shifted <= within
    assert scene.split == {"v1": 10_000}


async def test_a_failure_says_that_it_may_be_a_shared_outage(daemon: Daemon, scene: Scene) -> None:
    await served(daemon)
    scene.bad["v2"] = 0.5
    ended = await daemon.ended(await daemon.deploy("v2"))
    assert "stable's record before was 0 of" in ended.reason
    assert "an outage that would have hit both releases looks the same" in ended.reason
    numbers = ended.verdicts["error-rate"].verdict.evidence
    assert isinstance(numbers["record"], dict)
    assert 0.002 < numbers["record"]["limit"] < 0.01


async def test_the_record_is_taken_when_the_shift_begins_and_stands_in_its_event(
    daemon: Daemon, scene: Scene
) -> None:
    await served(daemon)
    scene.bad["v1"] = 0.01
    await daemon.clock.sleep(90.0)
    rollout = await daemon.deploy("v2")
    await daemon.until(rollout, lambda state: state.weight == 10_000)
    record = record_of(await daemon.events(rollout))
    assert 60.0 <= record.seconds <= 62.0
    assert record.requests == pytest.approx(60 * scene.rate, rel=0.05)
    assert record.bad == pytest.approx(0.01 * record.requests, rel=0.05)
    limit = against_the_record(0.002, record.requests, record.bad, record.seconds)
    assert limit is not None
    assert record.limits == {"error-rate": limit.maximum}
    assert (await daemon.state(rollout)).record == record


async def test_what_stable_failed_before_is_allowed(daemon: Daemon, scene: Scene) -> None:
    await served(daemon)
    scene.bad |= {"v1": 0.03, "v2": 0.03}
    await daemon.clock.sleep(90.0)
    assert (await daemon.ended(await daemon.deploy("v2"))).phase is Phase.PROMOTED


async def test_no_request_before_the_end_of_the_switch_is_lost_to_the_judge(
    daemon: Daemon, scene: Scene
) -> None:
    """What came between the switch and the first reading after it counts."""
    await served(daemon)
    rollout = await daemon.deploy("v2")
    await daemon.until(rollout, lambda state: bool(state.weight))
    await daemon.clock.sleep(10.0)
    judgement = (await daemon.service.rollout(rollout)).judgements["error-rate"]
    assert judgement.requests == pytest.approx(scene.served["v2"], abs=scene.rate * 0.6)


@pytest.mark.parametrize("moment", [0.1, 1.0, 5.0])
async def test_a_restart_rebuilds_the_judge_of_the_record(scene: Scene, moment: float) -> None:
    scene.bad["v2"] = 0.002
    async with scene.daemon() as first:
        await served(first)
        rollout = await first.deploy("v2")
        await first.until(rollout, lambda state: state.weight == 10_000)
        await first.clock.sleep(moment)
        at_work = first.engine.rollout_at_work(rollout)
        assert at_work is not None
        await at_work.flush()
        before = at_work.watch.judgements()["error-rate"]
    async with scene.daemon() as second:
        await second.until(rollout, lambda state: second.engine.rollout_at_work(rollout) is not None)
        taken_up = second.engine.rollout_at_work(rollout)
        assert taken_up is not None
        record = record_of(await second.events(rollout))
        after = taken_up.watch.judgements()["error-rate"]
        assert after.numbers["record"] == {
            "requests": record.requests,
            "bad": record.bad,
            "seconds": round(record.seconds, 3),
            "limit": record.limits["error-rate"],
        }
        assert after.requests >= before.requests
        scene.bad["v2"] = 0.5
        assert (await second.ended(rollout)).phase is Phase.ROLLED_BACK


async def test_killed_before_a_sample_was_written_the_record_of_the_event_counts(scene: Scene) -> None:
    async with scene.daemon() as first:
        await served(first)
        rollout = await first.deploy("v2")
        await first.until(rollout, lambda state: state.record is not None)
    scene.bad["v2"] = 0.2
    async with scene.daemon() as second:
        ended = await second.ended(rollout)
        assert ended.phase is Phase.ROLLED_BACK
        assert "stable's record before" in ended.reason


async def test_without_a_record_it_is_refused(daemon: Daemon) -> None:
    await served(daemon, 40.0)
    with pytest.raises(PlanError, match="no monitor would decide") as refused:
        await daemon.deploy("v2")
    assert "stable's record of" in str(refused.value)
    assert "300 in 60 s" in str(refused.value)
    assert "--unwatched" in (refused.value.advice or "")


async def test_unwatched_it_goes_out_all_the_same(daemon: Daemon, scene: Scene) -> None:
    scene.rate = 0.0
    await served(daemon)
    ended = await daemon.ended(await daemon.deploy("v2", unwatched=True, reason="nobody is there yet"))
    assert ended.phase is Phase.PROMOTED
    assert ended.admitted.unwatched


async def test_with_a_limit_beside_it_the_comparison_is_left_out_and_the_plan_says_so(
    daemon: Daemon,
) -> None:
    await served(daemon, 20.0)
    await daemon.service.apply("shop", at_once({"use": "error-rate", "max": "5%"}), "user:ada")
    plan = (await daemon.service.plan("shop", "prod", None)).plan
    [does] = [step.does for step in plan.steps if isinstance(step.does, Observe)]
    assert does.monitors == ("error-rate/max",)
    assert any("error-rate is left out: all traffic moves at once" in warning for warning in plan.warnings)


async def test_a_plan_says_what_the_record_is(daemon: Daemon) -> None:
    await served(daemon)
    view = await daemon.service.plan("shop", "prod", None)
    assert any(
        "error-rate compares with stable's record (0 of" in warning
        and "an outage that would have hit both releases is blamed on the new one" in warning
        for warning in view.plan.warnings
    )
    assert any("error-rate clears at" in note and "stable +" not in note for note in view.notes)


async def test_a_canary_of_several_steps_compares_with_stable_itself(daemon: Daemon) -> None:
    await served(daemon)
    document = at_once()
    document["environments"]["prod"]["strategy"] = {  # type: ignore[index,call-overload]
        "use": "canary",
        "steps": [{"weight": "25%", "hold": "10s"}],
    }
    await daemon.service.apply("shop", document, "user:ada")
    rollout = await daemon.deploy("v2")
    ended = await daemon.ended(rollout)
    assert ended.phase is Phase.PROMOTED
    assert ended.record is None
    assert ended.verdicts["error-rate"].verdict.verdict is Verdict.PASS
    assert "stable" in ended.verdicts["error-rate"].verdict.reason


def learn(
    baseline: Baseline, seconds: int, rate: int, stable: str = "g1", bad: int = 0, after: int = 0
) -> float:
    """So many seconds of steady traffic; the time after them."""
    for second in range(seconds + 1):
        counters = {stable: GroupCounters(second * rate, second * bad)}
        baseline.learn(counters, stable, BEGAN + after + second, float(after + second))
    return BEGAN + after + seconds


@pytest.mark.parametrize(
    ("seconds", "rate", "expected"),
    [
        (30, 100, TrackRecord(3_000, 0, 30.0)),
        (60, 100, TrackRecord(6_000, 0, 60.0)),
        (600, 100, TrackRecord(6_000, 0, 60.0)),
        (100, 2, TrackRecord(200, 0, 100.0)),
        (1_000, 2, TrackRecord(300, 0, 150.0)),
        (100, 0, TrackRecord()),
    ],
)
def test_the_record_is_as_short_as_it_may_be(seconds: int, rate: int, expected: TrackRecord) -> None:
    baseline = Baseline()
    now = learn(baseline, seconds, rate)
    assert baseline.record("g1", now) == expected
    assert Baseline(baseline.to_json()).record("g1", now) == expected


def test_readings_a_little_early_or_late_leave_no_gap() -> None:
    baseline = Baseline()
    for second in range(71):
        at = second + (0.03 if second % 3 else -0.03)
        baseline.learn({"g1": GroupCounters(second * 10, 0)}, "g1", BEGAN + at, at)
    assert baseline.record("g1", BEGAN + 71).seconds >= 60.0


def test_a_new_stable_begins_its_record_anew() -> None:
    baseline = Baseline()
    learn(baseline, 100, 10)
    now = learn(baseline, 20, 10, stable="g2", after=101)
    assert baseline.record("g2", now) == TrackRecord(200, 0, 20.0)
    assert baseline.record("g1", now) == TrackRecord()


def test_what_is_an_hour_old_is_no_record() -> None:
    baseline = Baseline()
    now = learn(baseline, 100, 10, bad=1)
    assert baseline.record("g1", now) == TrackRecord(600, 60, 60.0)
    assert baseline.record("g1", now + 3_700.0) == TrackRecord()
    assert baseline.record("g1", now - 7_200.0) == TrackRecord()


def test_a_baseline_of_an_older_version_has_no_record_yet() -> None:
    kept = Baseline().to_json()
    assert isinstance(kept, dict)
    del kept["record"], kept["stable"]
    assert Baseline(kept).record(PLACE, BEGAN) == TrackRecord()
