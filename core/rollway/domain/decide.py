"""What a rollout does next: a pure function of its state, the evidence and the time."""

from collections.abc import Callable, Mapping
from typing import Any

from rollway.domain import events as e
from rollway.domain import plan as p
from rollway.domain.decisions import (
    Act,
    Begin,
    CarryOut,
    CloseConnections,
    Decision,
    End,
    Evidence,
    GroupHealth,
    Lower,
    Record,
    TakeAway,
    Wait,
)
from rollway.domain.observation import observe, unsettled, verdict_news, verdicts_against
from rollway.domain.rollout import RolloutState
from rollway.domain.words import Phase, Verdict

IN_FLIGHT = 0.5
"""Seconds that requests in flight get after the weight went to 0 on a rollback."""

MOMENT = 0.001
"""Seconds that nobody waits for: less than a wall clock's numbers can tell apart would be waited for without end."""

DEATHS = 3
"""So many more deaths than stable's, in one rollout, take the new release back."""


def decide(state: RolloutState, evidence: Evidence, now: float) -> Decision:
    """The next decision. Aborts, alerts and failing verdicts are looked at before anything else."""
    if state.phase.ended:
        return Wait()
    if state.taking_back:
        return _take_back(state, evidence, now)
    if state.promoted:
        return _after_promotion(state)
    cause = trouble(state, evidence)
    if cause is not None:
        return _begin_taking_back(state, evidence, cause)
    news = verdict_news(state, evidence, now)
    if news:
        return Act(Record(news))
    return _go_on(state, evidence, now)


def trouble(state: RolloutState, evidence: Evidence) -> e.Cause | None:
    """What takes the rollout back now, if anything does.

    The log goes before the mark: a mark left by an abort that was recorded ends as `aborted`.
    """
    return state.cause or evidence.mark or failing(state, evidence) or _deaths(state, evidence)


def failing(state: RolloutState, evidence: Evidence) -> e.Cause | None:
    """The first deciding monitor whose verdict is fail."""
    for monitor in state.deciding:
        judgement = evidence.judgements.get(monitor.name)
        if judgement is not None and judgement.verdict is Verdict.FAIL:
            return e.Cause(e.Because.VERDICT, f"{monitor.name}: {judgement.reason}")
    return None


def _deaths(state: RolloutState, evidence: Evidence) -> e.Cause | None:
    new, old = evidence.of(state.group), evidence.of(state.stable)
    if new.deaths - old.deaths < DEATHS:
        return None
    return e.Cause(
        e.Because.DEATHS, _said(f"instances of {state.admitted.release} died {new.deaths} times", new)
    )


def _said(what: str, health: GroupHealth) -> str:
    why = f"{what}: {health.complaint}" if health.complaint else what
    return "\n  ".join((why + "; its last output:", *health.output)) if health.output else why


def _refuge(state: RolloutState, evidence: Evidence) -> bool:
    """Whether traffic may leave the new group: there is no stable at all, or it answers, or nobody has looked yet.

    Where neither side has a healthy instance, it leaves the one that is bad.
    """
    if state.stable is None or not state.shifted:
        return True
    stable = evidence.of(state.stable)
    return not stable.known or stable.ready > 0 or evidence.of(state.group).ready == 0


def _begin_taking_back(state: RolloutState, evidence: Evidence, cause: e.Cause) -> Decision:
    if _refuge(state, evidence):
        return Act(Lower(state.group, cause))
    started = e.RollbackStarted(because=cause.because, reason=cause.reason)
    return Act(Record((*verdicts_against(state, evidence), started, _delay(cause))))


def _delay(cause: e.Cause) -> e.RollbackDelayed:
    return e.RollbackDelayed(
        reason=f"{cause.reason}; traffic stays where it is: stable has no healthy instance. Waiting for one."
    )


def _take_back(state: RolloutState, evidence: Evidence, now: float) -> Decision:
    cause = state.cause or e.Cause(e.Because.STEP, state.reason)
    if state.lowered_at is None:
        if _refuge(state, evidence):
            return Act(Lower(state.group, cause))
        return Wait() if state.delayed else Act(Record((_delay(cause),)))
    if state.shifted and not state.closed:
        since = state.lowered_at + IN_FLIGHT
        early = state.lowered_at <= now < since  # a clock set back does not keep bad connections alive
        return Wait(since) if early else Act(CloseConnections(state.group))
    if not state.gone:
        return Act(TakeAway(state.group))
    return End(_end(state, cause), cause.reason)


def _end(state: RolloutState, cause: e.Cause) -> Phase:
    if cause.because is e.Because.ABORT:
        return Phase.ABORTED
    return Phase.ROLLED_BACK if state.stable else Phase.FAILED


def _after_promotion(state: RolloutState) -> Decision:
    step = state.current
    if step is None:
        return End(Phase.PROMOTED, f"{state.admitted.release} is stable")
    return Act(CarryOut(state.step) if state.started else Begin(state.step))


def _go_on(state: RolloutState, evidence: Evidence, now: float) -> Decision:
    step = state.current
    if step is None:
        return Act(Record((e.StepFailed(step=state.step, reason="the plan ends without a promotion"),)))
    if not state.started:
        return Wait() if state.held else _begin(state, step)
    return _CONTINUE.get(type(step.does), _again)(state, step.does, evidence, now)


def _begin(state: RolloutState, step: p.Step) -> Decision:
    if isinstance(step.does, p.Promote) and (missing := unsettled(state)):
        return Act(Record((e.StepFailed(step=state.step, reason=f"no evidence for step {missing[0]}"),)))
    return Act(Begin(state.step))


def _again(state: RolloutState, does: p.Instruction, evidence: Evidence, now: float) -> Decision:
    return Act(CarryOut(state.step))


def _verify(state: RolloutState, does: p.Verify, evidence: Evidence, now: float) -> Decision:
    health = evidence.of(state.admitted.groups[does.group])
    wanted = _wanted(state, does.group)
    if health.known and health.ready >= wanted:
        return Act(Record((e.StepFinished(step=state.step),)))
    left = does.deadline - evidence.waited
    if left > MOMENT:
        return Wait(now + left)
    what = (
        f"{health.ready} of {wanted} instances of {state.admitted.release} healthy after {does.deadline:g} s"
    )
    return Act(Record((e.StepFailed(step=state.step, reason=_said(what, health)),)))


def _wanted(state: RolloutState, role: str) -> int:
    """The size last provisioned before this step."""
    sizes = [
        step.does.size
        for step in state.admitted.plan.steps[: state.step]
        if isinstance(step.does, p.Provision) and step.does.group == role
    ]
    return sizes[-1] if sizes else 1


_CONTINUE: Mapping[type, Callable[[RolloutState, Any, Evidence, float], Decision]] = {
    p.Verify: _verify,
    p.Observe: observe,
}
