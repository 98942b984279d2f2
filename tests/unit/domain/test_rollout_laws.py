"""What holds for every rollout, whatever happens to it: laws over histories that `decide` itself made."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from rollway.domain import decisions as d
from rollway.domain import environment as environments
from rollway.domain import events as e
from rollway.domain import plan as p
from rollway.domain import rollout as rollouts
from rollway.domain.decide import decide, trouble
from rollway.domain.decisions import GroupHealth, Judgement
from rollway.domain.environment import EnvironmentState
from rollway.domain.split import EMPTY, WHOLE
from rollway.domain.words import Phase, Verdict
from rollway.testing.histories import MONITORS, playings, ticks
from rollway.testing.playing import Moment, Playing, Tick, evidence_of, look

LAW = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])

WELL = GroupHealth(ready=3, live=3)
FAIR = Tick(
    after=400.0,
    watched=400.0,
    command="resume",
    judgements={name: Judgement(Verdict.PASS, requests=1_000) for name in MONITORS},
    new=WELL,
    old=WELL,
)
"""A look at which everything is well, a person lets it go on, and every monitor has seen enough."""


def begun(playing: Playing, kind: type) -> Iterator[Moment]:
    for moment in playing.moments:
        match moment.decision:
            case d.Act(action=d.Begin(step=step)):
                if isinstance(moment.state.admitted.plan.steps[step - 1].does, kind):
                    yield moment


@LAW
@given(playings())
def test_the_fold_of_a_history_is_the_same_in_one_go_and_in_pieces(playing: Playing) -> None:
    facts = playing.facts
    assert [fact.seq for fact in facts] == list(range(1, len(facts) + 1))
    assert rollouts.fold(facts) == playing.state
    for cut in range(1, len(facts)):
        assert rollouts.fold(facts[cut:], rollouts.fold(facts[:cut])) == playing.state


@LAW
@given(playings())
def test_the_environment_folds_the_same_in_one_go_and_in_pieces(playing: Playing) -> None:
    facts, empty = playing.environment_facts, EnvironmentState("shop", "prod")
    assert environments.fold(facts, empty) == playing.environment
    for cut in range(len(facts)):
        assert environments.fold(facts[cut:], environments.fold(facts[:cut], empty)) == playing.environment


@LAW
@given(playings())
def test_a_split_is_whole_or_empty_and_both_streams_agree_on_it(playing: Playing) -> None:
    for fact in playing.environment_facts:
        if isinstance(fact.event, e.Shifted | e.WeightLowered):
            assert sum(fact.event.split.shares.values()) in (0, WHOLE)
    assert playing.state.split == playing.environment.split


@LAW
@given(playings())
def test_stable_keeps_its_group_until_something_is_promoted(playing: Playing) -> None:
    before = playing.state.stable
    assert playing.environment.stable == (playing.state.group if playing.state.promoted else before)
    if not playing.state.promoted and before:
        assert playing.environment.groups[before].retired_at is None
        assert playing.environment.groups[before].wanted > 0


@LAW
@given(playings(), st.lists(ticks(), max_size=3))
def test_fair_evidence_brings_every_rollout_to_an_end(playing: Playing, more: list[Tick]) -> None:
    for tick in [*more, *[FAIR] * 40]:
        if playing.state.phase.ended:
            break
        playing = look(playing, tick)
    assert playing.state.phase.ended
    assert playing.environment.rollout is None


@LAW
@given(playings())
def test_after_a_rollback_stable_has_everything_and_the_bad_group_is_taken_away(playing: Playing) -> None:
    state, environment = playing.state, playing.environment
    assume(state.phase in (Phase.ROLLED_BACK, Phase.ABORTED, Phase.FAILED))
    assert environment.split.of(state.group) == 0
    assert environment.split == EMPTY or environment.split.of(state.stable or "") == WHOLE
    assert bool(state.stable) == (environment.split != EMPTY)
    assert environment.groups[state.group].wanted == 0
    assert environment.groups[state.group].closed == state.shifted


@LAW
@given(playings())
def test_a_rollback_begins_with_weight_0_wherever_stable_answers(playing: Playing) -> None:
    for moment in playing.moments:
        state, stable = moment.state, moment.evidence.of(moment.state.stable)
        threatened = trouble(state, moment.evidence) if not state.taking_back else state.cause
        if state.phase.ended or state.promoted or threatened is None or state.lowered_at is not None:
            continue
        if not state.stable or stable.ready > 0 or not stable.known:
            assert moment.decision == d.Act(d.Lower(state.group, threatened))


@LAW
@given(playings())
def test_traffic_stays_only_on_a_side_that_answers_while_stable_does_not(playing: Playing) -> None:
    for moment in playing.moments:
        if isinstance(moment.decision, d.Wait) and moment.state.delayed:
            assert moment.evidence.of(moment.state.stable).ready == 0
            assert moment.evidence.of(moment.state.group).ready > 0


def _good_enough(facts: tuple[e.Fact, ...], step: int, use: e.MonitorUse) -> bool:
    """From the log alone: a pass at this step, a verdict that its own policy ignores, or a person's promote of it."""
    if any(isinstance(f.event, e.PromoteRequested) and f.event.step == step for f in facts):
        return True
    said = [
        f.event.verdict
        for f in facts
        if isinstance(f.event, e.VerdictReached) and f.event.step == step and f.event.monitor == use.name
    ]
    return bool(said) and (
        said[-1] is Verdict.PASS or (said[-1] is not Verdict.FAIL and use.policy(said[-1]) is e.Policy.IGNORE)
    )


@LAW
@given(playings())
def test_nothing_is_promoted_without_the_evidence_of_every_observed_step(playing: Playing) -> None:
    state = playing.state
    promotes = [*begun(playing, p.Promote)]
    assert bool(promotes) >= state.promoted
    assert state.promoted or state.phase is not Phase.PROMOTED
    for use in state.deciding if promotes else ():
        for index, step in enumerate(state.admitted.plan.steps, 1):
            if isinstance(step.does, p.Observe):
                assert _good_enough(playing.facts, index, use), (index, use)


@LAW
@given(playings())
def test_an_observed_step_ends_early_only_by_a_person(playing: Playing) -> None:
    for moment in playing.moments:
        step = moment.state.current
        finishes = isinstance(moment.decision, d.Act) and isinstance(moment.decision.action, d.Record)
        if not (finishes and step and isinstance(step.does, p.Observe)):
            continue
        assert isinstance(moment.decision, d.Act)
        assert isinstance(moment.decision.action, d.Record)
        if any(isinstance(event, e.StepFinished) for event in moment.decision.action.events):
            enough = moment.evidence.watched >= step.does.duration
            awaited = moment.state.waiting_for is not None
            assert enough or awaited or moment.state.step in moment.state.waved


@LAW
@given(playings())
def test_deciding_twice_is_deciding_the_same_and_changes_nothing(playing: Playing) -> None:
    for moment in playing.moments:
        before = repr((moment.state, moment.evidence))
        assert decide(moment.state, moment.evidence, moment.now) == moment.decision
        assert repr((moment.state, moment.evidence)) == before


@LAW
@given(playings(), ticks(), st.floats(0, 1e10, allow_nan=False))
def test_any_state_with_any_evidence_at_any_time_has_a_decision(
    playing: Playing, tick: Tick, now: float
) -> None:
    for moment in playing.moments:
        decision = decide(moment.state, evidence_of(playing, tick), now)
        if isinstance(decision, d.Wait) and decision.until is not None:
            assert decision.until > now


@LAW
@given(playings())
def test_a_rollout_that_a_person_paused_begins_no_step(playing: Playing) -> None:
    for moment in begun(playing, object):
        assert not moment.state.held
        assert moment.state.phase is not Phase.PAUSED


@LAW
@given(playings())
def test_paused_by_a_person_is_shown_as_such_until_the_person_or_trouble_ends_it(playing: Playing) -> None:
    for before, after in pairwise(playing.moments):
        for state in (before.state, after.state):
            if state.held:
                assert state.phase is Phase.PAUSED
            assert (state.waiting_for is not None) == (state.phase is Phase.PAUSED)


@LAW
@given(playings())
def test_no_step_is_begun_twice_or_left_out(playing: Playing) -> None:
    started = [f.event.step for f in playing.facts if isinstance(f.event, e.StepStarted)]
    assert started == list(range(1, len(started) + 1))


@LAW
@given(playings(), st.data())
def test_an_event_out_of_its_place_is_refused(playing: Playing, data: st.DataObject) -> None:
    seq = data.draw(st.integers(-1, playing.state.seq + 5).filter(lambda n: n != playing.state.seq + 1))
    fact = e.Fact(seq, playing.now, "user:ada", e.PauseRequested())
    with pytest.raises(e.IllegalHistory):
        rollouts.apply(playing.state, fact)
