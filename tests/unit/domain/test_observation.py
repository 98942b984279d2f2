"""How an observed step ends, as tables: who said what for how long, and what becomes of the step."""

from dataclasses import replace

import pytest

from rollway.domain import events as e
from rollway.domain import plan as p
from rollway.domain.decide import decide
from rollway.domain.decisions import Act, Begin, Decision, Evidence, Judgement, Record, Wait
from rollway.domain.observation import NEWS_EVERY
from rollway.domain.plan import Observe, Plan, Shift
from rollway.domain.words import Phase, Verdict, WaitingFor
from rollway.testing.playing import Playing, admitted, canary_plan, follow, standing

PASS, INCONCLUSIVE, NO_DATA, ERROR = Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.NO_DATA, Verdict.ERROR
OBSERVE = 4
HOLD = 60.0
ENOUGH = 100

NOTHING = "wait"
FINISHED = "finished"
EXTENDED = "extended"
AWAITED = "awaits evidence"
FAILED = "failed"


def use(name: str = "error-rate", /, **changes: object) -> e.MonitorUse:
    return replace(e.MonitorUse(name=name, use=name), **changes)  # type: ignore[arg-type]


def holding(*uses: e.MonitorUse, observe: Observe | None = None) -> Playing:
    """In the hold of the first shift; what the monitors say is in the log already, so that only news is news."""
    plan = canary_plan((HOLD,))
    if observe is not None:
        plan = Plan(tuple(replace(s, does=observe) if s.does.kind == "observe" else s for s in plan.steps))
    return standing(admitted(plan, uses or (use(),)), OBSERVE)


def said(verdict: Verdict | None, requests: int = ENOUGH) -> dict[str, Judgement]:
    return {"error-rate": Judgement(verdict, "so it is", requests=requests)} if verdict else {}


def outcome(playing: Playing, evidence: Evidence) -> str:
    """What becomes of the step, once the news of this look are in the log."""
    decision: Decision = decide(playing.state, evidence, playing.now)
    while isinstance(decision, Act) and _only_news(decision):
        playing = follow(playing, decision)
        decision = decide(playing.state, evidence, playing.now)
    if isinstance(decision, Wait):
        return NOTHING
    assert isinstance(decision, Act)
    assert isinstance(decision.action, Record)
    return {
        e.StepFinished: FINISHED,
        e.StepExtended: EXTENDED,
        e.EvidenceAwaited: AWAITED,
        e.StepFailed: FAILED,
    }[type(decision.action.events[-1])]


def _only_news(decision: Act) -> bool:
    action = decision.action
    return isinstance(action, Record) and all(isinstance(event, e.VerdictReached) for event in action.events)


@pytest.mark.parametrize(
    ("sentence", "changes", "verdict", "watched", "expected"),
    [
        ("a hold is a minimum, never cut short", {}, PASS, 59.9, NOTHING),
        ("a pass at its end ends it", {}, PASS, 60.0, FINISHED),
        ("inconclusive extends it", {}, INCONCLUSIVE, 60.0, EXTENDED),
        ("beyond all extensions it awaits evidence", {}, INCONCLUSIVE, 600.0, AWAITED),
        ("extend says how often", {"extend": 2.0}, INCONCLUSIVE, 119.9, EXTENDED),
        ("and no longer", {"extend": 2.0}, INCONCLUSIVE, 120.0, AWAITED),
        ("extend 0 extends nothing", {"extend": 0.0}, INCONCLUSIVE, 60.0, AWAITED),
        ("inconclusive may fail it", {"on_inconclusive": e.Policy.FAIL}, INCONCLUSIVE, 600.0, FAILED),
        ("but only after it was extended", {"on_inconclusive": e.Policy.FAIL}, INCONCLUSIVE, 60.0, EXTENDED),
        ("inconclusive may be ignored", {"on_inconclusive": e.Policy.IGNORE}, INCONCLUSIVE, 600.0, FINISHED),
        ("that too after extension", {"on_inconclusive": e.Policy.IGNORE}, INCONCLUSIVE, 60.0, EXTENDED),
        ("no data does not extend it", {}, NO_DATA, 60.0, AWAITED),
        ("no data may fail it", {"on_no_data": e.Policy.FAIL}, NO_DATA, 60.0, FAILED),
        ("no data may be ignored", {"on_no_data": e.Policy.IGNORE}, NO_DATA, 60.0, FINISHED),
        ("not before the end", {"on_no_data": e.Policy.IGNORE}, NO_DATA, 59.0, NOTHING),
        ("nor does it fail before", {"on_no_data": e.Policy.FAIL}, NO_DATA, 59.0, NOTHING),
        ("never evaluated is no data", {}, None, 60.0, AWAITED),
        ("never evaluated, with its policy", {"on_no_data": e.Policy.FAIL}, None, 60.0, FAILED),
        ("an error is not a pass", {}, ERROR, 60.0, AWAITED),
        ("an error may fail it", {"on_error": e.Policy.FAIL}, ERROR, 60.0, FAILED),
        ("an error may be ignored", {"on_error": e.Policy.IGNORE}, ERROR, 60.0, FINISHED),
        ("another verdict's policy is not its own", {"on_no_data": e.Policy.IGNORE}, ERROR, 60.0, AWAITED),
        ("too few requests are no pass", {"min_requests": 101}, PASS, 60.0, EXTENDED),
        ("enough are", {"min_requests": 100}, PASS, 60.0, FINISHED),
        ("a dry run is not waited for", {"dry_run": True}, NO_DATA, 60.0, FINISHED),
        ("a dry run's hold is a hold", {"dry_run": True}, PASS, 59.0, NOTHING),
    ],
)
def test_the_end_of_a_hold(
    sentence: str, changes: dict[str, object], verdict: Verdict | None, watched: float, expected: str
) -> None:
    assert outcome(holding(use(**changes)), Evidence(said(verdict), watched)) == expected


def test_the_steps_own_min_requests_counts_for_every_monitor() -> None:
    playing = holding(observe=Observe(duration=HOLD, min_requests=500))
    assert outcome(playing, Evidence(said(PASS, 499), HOLD)) == EXTENDED
    assert outcome(playing, Evidence(said(PASS, 500), HOLD)) == FINISHED


def test_a_monitor_that_the_step_does_not_ask_is_not_waited_for() -> None:
    playing = holding(use(), use("orders"), observe=Observe(duration=HOLD, monitors=("error-rate",)))
    assert outcome(playing, Evidence(said(PASS), HOLD)) == FINISHED


def test_every_monitor_must_let_it_go() -> None:
    playing = holding(use(), use("orders"))
    assert outcome(playing, Evidence(said(PASS), HOLD)) == AWAITED
    both = {**said(PASS), "orders": Judgement(PASS, requests=ENOUGH)}
    assert outcome(playing, Evidence(both, HOLD)) == FINISHED


def test_one_that_fails_the_step_goes_before_one_that_pauses_it() -> None:
    playing = holding(use(), use("orders", on_no_data=e.Policy.FAIL))
    decision = decide(playing.state, Evidence({}, HOLD), playing.now)
    failed = e.StepFailed(step=OBSERVE, reason="orders is no_data: was never evaluated")
    assert decision == Act(Record((failed,)))


def awaiting(**changes: object) -> Playing:
    return holding(use(**changes)).append(e.EvidenceAwaited(step=OBSERVE, reason="no_data"))


def test_waiting_for_evidence_is_a_pause_with_its_reason() -> None:
    state = awaiting().state
    assert (state.phase, state.waiting_for, state.reason) == (
        Phase.PAUSED,
        WaitingFor.EVIDENCE,
        "no_data",
    )


@pytest.mark.parametrize(
    ("sentence", "playing", "evidence", "expected"),
    [
        ("nothing new: it waits", awaiting(), Evidence(said(NO_DATA), 70.0), NOTHING),
        ("the first pass goes on by itself", awaiting(), Evidence(said(PASS), 70.0), FINISHED),
        ("so it does after a restart of the daemon", awaiting(), Evidence(said(PASS), 0.0), FINISHED),
        ("inconclusive is no pass", awaiting(), Evidence(said(INCONCLUSIVE), 70.0), NOTHING),
        (
            "a person's promote goes on without it",
            awaiting().append(e.PromoteRequested(step=OBSERVE)),
            Evidence(said(NO_DATA), 70.0),
            FINISHED,
        ),
        (
            "a person's pause holds it even with a pass",
            awaiting().append(e.PauseRequested()),
            Evidence(said(PASS), 70.0),
            NOTHING,
        ),
        (
            "resumed it is observed anew, from the start",
            awaiting().append(e.ResumeRequested()),
            Evidence(said(PASS), 59.0),
            NOTHING,
        ),
        (
            "and may wait again",
            awaiting().append(e.ResumeRequested()),
            Evidence(said(NO_DATA), 60.0),
            AWAITED,
        ),
        (
            "and be extended again",
            awaiting().append(e.ResumeRequested()),
            Evidence(said(INCONCLUSIVE), 60.0),
            EXTENDED,
        ),
    ],
)
def test_while_it_waits_for_evidence(
    sentence: str, playing: Playing, evidence: Evidence, expected: str
) -> None:
    assert outcome(playing, evidence) == expected


def test_an_extended_step_is_extended_once_and_ends_with_the_first_pass() -> None:
    playing = holding().append(e.StepExtended(step=OBSERVE, until=600.0, reason="few requests"))
    assert playing.state.phase is Phase.RUNNING
    assert outcome(playing, Evidence(said(INCONCLUSIVE), 300.0)) == NOTHING
    assert outcome(playing, Evidence(said(PASS), 61.0)) == FINISHED


def test_resume_ends_a_persons_pause_without_observing_anew() -> None:
    extended = e.StepExtended(step=OBSERVE, until=600.0, reason="few requests")
    playing = holding().append(extended, e.PauseRequested(), e.ResumeRequested())
    assert playing.state.observed_anew == 0
    assert (playing.state.phase, playing.state.waiting_for) == (Phase.RUNNING, None)
    assert outcome(playing, Evidence(said(INCONCLUSIVE), 300.0)) == NOTHING
    assert awaiting().append(e.ResumeRequested()).state.observed_anew == 1


def test_a_persons_promote_is_for_that_step_only() -> None:
    plan = canary_plan((HOLD, HOLD))
    playing = standing(admitted(plan, (use(),)), OBSERVE).append(e.PromoteRequested(step=OBSERVE))
    decision = decide(playing.state, Evidence(said(NO_DATA), 1.0), playing.now)
    assert isinstance(decision, Act)
    playing = follow(playing, decision)
    assert playing.state.settled[OBSERVE] == {"error-rate": "promoted"}
    playing = playing.append(
        e.StepStarted(step=5, key="5"), e.StepFinished(step=5), e.StepStarted(step=6, key="6")
    )
    assert outcome(playing, Evidence(said(NO_DATA), 1.0)) == NOTHING
    assert outcome(playing, Evidence(said(NO_DATA), HOLD)) == AWAITED


@pytest.mark.parametrize("verdict", [PASS, INCONCLUSIVE, NO_DATA, ERROR])
def test_the_log_says_how_each_monitor_was_settled_and_with_which_numbers(verdict: Verdict) -> None:
    playing = holding(
        use(on_no_data=e.Policy.IGNORE, on_error=e.Policy.IGNORE, on_inconclusive=e.Policy.IGNORE)
    )
    evidence = Evidence({"error-rate": Judgement(verdict, "so it is", {"n": 7})}, 600.0)
    while playing.state.step == OBSERVE:
        decision = decide(playing.state, evidence, playing.now)
        assert isinstance(decision, Act)
        playing = follow(playing, decision)
    assert playing.state.settled[OBSERVE] == {"error-rate": "pass" if verdict is PASS else "ignored"}
    last = playing.state.verdicts["error-rate"].verdict
    assert (last.verdict, last.evidence) == (verdict, {"n": 7})


def news(playing: Playing, verdict: Verdict, after: float = 0.0) -> list[Verdict]:
    decision = decide(playing.state, Evidence(said(verdict), 1.0), playing.now + after)
    if isinstance(decision, Wait):
        return []
    assert isinstance(decision, Act)
    assert isinstance(decision.action, Record)
    return [ev.verdict for ev in decision.action.events if isinstance(ev, e.VerdictReached)]


def test_a_verdict_is_recorded_when_it_changes_at_most_once_a_second() -> None:
    fresh = holding()
    assert news(fresh, NO_DATA) == []
    assert news(fresh, INCONCLUSIVE) == [INCONCLUSIVE]
    known = fresh.append(
        e.VerdictReached(step=OBSERVE, monitor="error-rate", verdict=INCONCLUSIVE, reason="")
    )
    assert news(known, INCONCLUSIVE, 5.0) == []
    assert news(known, PASS, NEWS_EVERY / 2) == []
    assert news(known, PASS, NEWS_EVERY) == [PASS]
    assert news(known, PASS, -5.0) == [PASS], "a clock that was set back silences nobody"


def test_a_pass_on_too_few_requests_is_never_shown_as_one() -> None:
    assert news(holding(use(min_requests=101)), PASS) == [INCONCLUSIVE]


def test_before_any_traffic_no_verdict_is_news() -> None:
    playing = standing(admitted(canary_plan((HOLD,)), (use(),)), 3, started=False)
    assert decide(playing.state, Evidence(said(PASS), 1.0), playing.now) == Act(Begin(3))
    assert isinstance(playing.state.current, p.Step)
    assert isinstance(playing.state.current.does, Shift)
