"""The end of an observed step: who has passed, what is extended, what waits, and what is let go."""

from rollway.domain import events as e
from rollway.domain.decisions import Act, Decision, Evidence, Judgement, Record, Wait
from rollway.domain.plan import Observe
from rollway.domain.rollout import RolloutState
from rollway.domain.words import Verdict, WaitingFor

NEVER_EVALUATED = Judgement(Verdict.NO_DATA, "was never evaluated")

NEWS_EVERY = 1.0
"""Seconds between two records of one monitor's changing verdict; the live numbers are shown meanwhile."""


def judgement_of(monitor: e.MonitorUse, evidence: Evidence, min_requests: int = 0) -> Judgement:
    """A monitor's judgement; a pass on fewer canary requests than `min_requests`, its own or the step's, is none yet."""
    judgement = evidence.judgements.get(monitor.name, NEVER_EVALUATED)
    least = max(monitor.min_requests, min_requests)
    if judgement.verdict is Verdict.PASS and judgement.requests < least:
        return Judgement(
            Verdict.INCONCLUSIVE,
            f"{judgement.requests} of min_requests {least}; {judgement.reason}",
            judgement.numbers,
            judgement.requests,
        )
    return judgement


def verdicts_against(state: RolloutState, evidence: Evidence) -> tuple[e.VerdictReached, ...]:
    """The failing verdicts that decide, with their numbers: what the log keeps beside `RollbackStarted`."""
    return tuple(
        _reached(state, monitor.name, evidence.judgements[monitor.name])
        for monitor in state.deciding
        if monitor.name in evidence.judgements and evidence.judgements[monitor.name].verdict is Verdict.FAIL
    )


def verdict_news(state: RolloutState, evidence: Evidence, now: float) -> tuple[e.VerdictReached, ...]:
    """Verdicts that differ from the last recorded ones, at most one a second for each monitor."""
    if not state.shifted:
        return ()
    return tuple(
        _reached(state, monitor.name, judgement)
        for monitor in state.admitted.monitors
        if monitor.name in evidence.judgements
        and _is_news(state, monitor.name, judgement := judgement_of(monitor, evidence, _least(state)), now)
    )


def _least(state: RolloutState) -> int:
    """The canary requests that the current step asks of every monitor."""
    does = state.current.does if state.current else None
    return does.min_requests if isinstance(does, Observe) else 0


def _is_news(state: RolloutState, name: str, judgement: Judgement, now: float) -> bool:
    last = state.verdicts.get(name)
    if last is None:
        return judgement.verdict is not Verdict.NO_DATA
    return last.verdict.verdict is not judgement.verdict and not 0 <= now - last.at < NEWS_EVERY


def _reached(state: RolloutState, name: str, judgement: Judgement) -> e.VerdictReached:
    return e.VerdictReached(
        step=state.step,
        monitor=name,
        verdict=judgement.verdict,
        reason=judgement.reason,
        evidence=judgement.numbers,
    )


def settled(state: RolloutState, monitor: e.MonitorUse, judgement: Judgement) -> str | None:
    """How a monitor lets the current step go on, or None: pass, ignored (by its own policy), promoted (by a person)."""
    if judgement.verdict is Verdict.FAIL:
        return None
    if judgement.verdict is Verdict.PASS:
        return "pass"
    if state.step in state.waved:
        return "promoted"
    return "ignored" if monitor.policy(judgement.verdict) is e.Policy.IGNORE else None


def _lets_go(
    state: RolloutState, monitor: e.MonitorUse, judgement: Judgement, does: Observe, evidence: Evidence
) -> str | None:
    """How it is settled now: what is inconclusive is ignored only after the step was extended for it."""
    how = settled(state, monitor, judgement)
    return None if how == "ignored" and not _time_is_over(monitor, judgement, does, evidence) else how


def unsettled(state: RolloutState) -> list[int]:
    """Observed steps of the plan that some deciding monitor has not let go on."""
    return [
        index
        for index, step in enumerate(state.admitted.plan.steps, 1)
        if isinstance(step.does, Observe)
        and not {m.name for m in _asked(state, step.does)} <= set(state.settled.get(index, {}))
    ]


def _asked(state: RolloutState, does: Observe) -> tuple[e.MonitorUse, ...]:
    return tuple(m for m in state.deciding if not does.monitors or m.name in does.monitors)


def observe(state: RolloutState, does: Observe, evidence: Evidence, now: float) -> Decision:
    """Go on, extend, wait or take back, when the hold is over."""
    if state.held:
        return Wait()
    asked = _asked(state, does)
    judgements = {m.name: judgement_of(m, evidence, does.min_requests) for m in asked}
    done = {m.name: how for m in asked if (how := _lets_go(state, m, judgements[m.name], does, evidence))}
    if state.step in state.waved and len(done) == len(asked):
        return _finish(state, done, judgements)
    if evidence.watched < does.duration and state.waiting_for is not WaitingFor.EVIDENCE:
        return Wait()
    if len(done) == len(asked):
        return _finish(state, done, judgements)
    return _not_enough(state, does, evidence, [m for m in asked if m.name not in done])


def _finish(state: RolloutState, done: dict[str, str], judgements: dict[str, Judgement]) -> Decision:
    final = tuple(_reached(state, name, judgements[name]) for name in done)
    return Act(Record((*final, e.StepFinished(step=state.step, settled=done))))


def _not_enough(
    state: RolloutState, does: Observe, evidence: Evidence, missing: list[e.MonitorUse]
) -> Decision:
    longest = max(m.extend for m in missing) * does.duration
    judgements = {m.name: judgement_of(m, evidence, does.min_requests) for m in missing}
    over = [m for m in missing if _time_is_over(m, judgements[m.name], does, evidence)]
    if not over:
        return _extend(state, longest, missing, judgements)
    failed = [m for m in over if m.policy(judgements[m.name].verdict) is e.Policy.FAIL]
    reason = "; ".join(_said(m, judgements[m.name]) for m in (failed or over))
    if failed:
        return Act(Record((e.StepFailed(step=state.step, reason=reason),)))
    if state.waiting_for is WaitingFor.EVIDENCE:
        return Wait()
    return Act(Record((e.EvidenceAwaited(step=state.step, reason=reason),)))


def _time_is_over(monitor: e.MonitorUse, judgement: Judgement, does: Observe, evidence: Evidence) -> bool:
    if judgement.verdict is Verdict.INCONCLUSIVE:
        return evidence.watched >= monitor.extend * does.duration
    return True


def _extend(
    state: RolloutState, until: float, missing: list[e.MonitorUse], judgements: dict[str, Judgement]
) -> Decision:
    reason = "; ".join(_said(m, judgements[m.name]) for m in missing)
    if state.extended is None and state.waiting_for is None:
        return Act(Record((e.StepExtended(step=state.step, until=until, reason=reason),)))
    return Wait()


def _said(monitor: e.MonitorUse, judgement: Judgement) -> str:
    return f"{monitor.name} is {judgement.verdict}" + (f": {judgement.reason}" if judgement.reason else "")
