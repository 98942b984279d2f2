"""A person goes on without evidence: for one entry of the strategy's steps, or for all that is left."""

from dataclasses import replace

import pytest

from rollway.domain import events as e
from rollway.domain import plan as p
from rollway.domain.decide import decide
from rollway.domain.decisions import Act, Evidence, GroupHealth, Judgement, Lower, Record
from rollway.domain.split import Split
from rollway.domain.words import CANARY, STABLE, Phase, Verdict
from rollway.testing.playing import NEW, OLD, Playing, Tick, admitted, look, play, standing

WELL = GroupHealth(ready=2, live=2)
HEALTH = {NEW: WELL, OLD: WELL}
ERROR_RATE = e.MonitorUse(name="error-rate", use="error-rate")


def weight(share: int) -> p.Shift:
    return p.Shift(split=Split({CANARY: share, STABLE: 10_000 - share}))


TWO_ENTRIES = p.Plan(
    (
        p.Step("run 1", p.Provision(group=CANARY, size=1), 1),
        p.Step("wait until healthy", p.Verify(group=CANARY), 1),
        p.Step("5%", weight(500), 1),
        p.Step("watch at 5%", p.Observe(duration=60.0), 1),
        p.Step("50%", weight(5_000), 2),
        p.Step("watch at 50%", p.Observe(duration=60.0), 2),
        p.Step("100%", p.Shift(split=Split.all_to(CANARY))),
        p.Step("make it stable", p.Promote(group=CANARY)),
        p.Step("retire", p.Retire(group=STABLE)),
    )
)
ROLLOUT = admitted(TWO_ENTRIES, (ERROR_RATE,))


def judged(verdict: Verdict) -> Evidence:
    return Evidence({"error-rate": Judgement(verdict, "so it is")}, 0.0, HEALTH)


def nothing_known(times: int) -> list[Tick]:
    return [Tick(new=WELL, old=WELL)] * times


@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_a_promotion_anywhere_in_an_entry_is_about_its_observation(step: int) -> None:
    playing = standing(ROLLOUT, step).append(e.PromoteRequested(step=step))
    after = play(playing, nothing_known(3))
    assert after.state.settled == {4: {"error-rate": "promoted"}}
    assert after.state.step == 6, "the next entry is watched"
    assert after.state.waved == {1, 2, 3, 4}


def test_what_an_entry_does_before_it_is_watched_is_not_left_out() -> None:
    playing = standing(ROLLOUT, 2).append(e.PromoteRequested(step=2))
    unhealthy = GroupHealth(ready=0, live=1)
    assert look(playing, Tick(new=unhealthy, old=WELL)).state.step == 2


def test_a_promotion_that_comes_when_its_entry_is_over_counts_for_nothing() -> None:
    playing = standing(ROLLOUT, 5).append(e.PromoteRequested(step=4))
    assert playing.state.waved == frozenset()


def test_one_that_comes_a_step_late_is_still_about_its_entry() -> None:
    playing = standing(ROLLOUT, 4).append(e.PromoteRequested(step=3))
    assert look(playing, nothing_known(1)[0]).state.step > 4


def test_a_step_that_belongs_to_no_entry_is_alone() -> None:
    assert standing(ROLLOUT, 7).state.entry(7) == {7}


@pytest.mark.parametrize("step", [1, 3, 4, 5, 6])
def test_a_full_promotion_needs_no_evidence_and_no_time(step: int) -> None:
    playing = standing(ROLLOUT, step).append(e.FullPromotionRequested(step=step))
    assert play(playing, nothing_known(6)).state.phase is Phase.PROMOTED


def test_a_full_promotion_begins_where_it_was_asked_for() -> None:
    state = standing(ROLLOUT, 5).append(e.FullPromotionRequested(step=5)).state
    assert state.waved == {5, 6, 7, 8, 9}


@pytest.mark.parametrize("step", [4, 5, 6])
def test_a_failing_monitor_takes_back_what_was_promoted_in_full(step: int) -> None:
    playing = standing(ROLLOUT, step).append(e.FullPromotionRequested(step=step))
    decision = decide(playing.state, judged(Verdict.FAIL), playing.now)
    assert isinstance(decision, Act)
    assert isinstance(decision.action, Lower)


def test_a_full_promotion_ends_a_pause_and_a_wait_for_evidence() -> None:
    paused = standing(ROLLOUT, 4).append(e.PauseRequested(), e.FullPromotionRequested(step=4))
    assert (paused.state.phase, paused.state.held) == (Phase.RUNNING, False)
    waiting = standing(ROLLOUT, 4).append(e.EvidenceAwaited(step=4, reason="no_data"))
    decision = decide(
        waiting.append(e.FullPromotionRequested(step=4)).state, judged(Verdict.NO_DATA), waiting.now
    )
    assert isinstance(decision, Act)
    assert isinstance(decision.action, Record)


def test_once_it_is_taken_back_nobody_goes_on() -> None:
    back: Playing = standing(ROLLOUT, 4).append(e.RollbackStarted(because=e.Because.VERDICT, reason="bad"))
    for event in (e.PromoteRequested(step=4), e.FullPromotionRequested(step=4)):
        assert replace(back.append(event).state, seq=0) == replace(back.state, seq=0)
