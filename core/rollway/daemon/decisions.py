"""One line in the log for each important decision, so that whoever follows the journal can follow a rollout."""

import logging

from rollway.domain import events as e
from rollway.domain.rollout import RolloutState
from rollway.domain.words import Phase, Verdict

log = logging.getLogger("rollway.rollout")

_ENDS = {Phase.PROMOTED: logging.INFO, Phase.FAILED: logging.ERROR}


def of_rollout(before: RolloutState | None, fact: e.Fact, after: RolloutState) -> None:
    """See `rollway.daemon.witness.OfRollout`."""
    told = _told(before, fact, after)
    if told is None:
        return
    level, words, more = told
    admitted = after.admitted
    fields: dict[str, object] = {
        "rollout": after.id,
        "environment": f"{admitted.application}/{admitted.environment}",
        "release": admitted.release,
        "step": after.step if before is None else before.step,
        **more,
    }
    log.log(level, words, extra=fields)


def _told(
    before: RolloutState | None, fact: e.Fact, after: RolloutState
) -> tuple[int, str, dict[str, object]] | None:
    """Level, sentence and further fields; None for what an operator need not follow."""
    match fact.event:
        case (
            e.RolloutAdmitted() | e.StepStarted() | e.StepFailed() | e.VerdictReached() | e.EvidenceAwaited()
        ):
            return _forwards(fact.event, fact, after)
        case e.AbortRequested() | e.PauseRequested() | e.ResumeRequested() | e.PromoteRequested():
            return logging.INFO, _asked(fact.event), {"actor": fact.actor}
        case e.Promoted(release=release):
            return logging.INFO, f"{release} is stable", {}
        case _:
            return _backwards(fact.event, after)


def _forwards(event: e.Event, fact: e.Fact, after: RolloutState) -> tuple[int, str, dict[str, object]] | None:
    match event:
        case e.RolloutAdmitted(previous_release=previous, strategy=strategy):
            was = f", {previous} is stable" if previous else ""
            return logging.INFO, f"rollout started{was}", {"strategy": strategy, "actor": fact.actor}
        case e.StepStarted(step=step):
            steps = after.admitted.plan.steps
            return logging.INFO, f"step {step} of {len(steps)}: {steps[step - 1].name}", {}
        case e.StepFailed(step=step, reason=reason):
            return logging.WARNING, f"step {step} failed: {reason}", {}
        case e.VerdictReached(monitor=monitor, verdict=verdict, reason=reason):
            level = logging.WARNING if verdict is Verdict.FAIL else logging.INFO
            return level, f"{monitor}: {verdict}: {reason}", {"monitor": monitor, "verdict": verdict.value}
        case e.EvidenceAwaited(reason=reason):
            return logging.WARNING, f"paused, it waits for evidence or for a person: {reason}", {}
    return None


def _asked(event: e.AbortRequested | e.PauseRequested | e.ResumeRequested | e.PromoteRequested) -> str:
    what = type(event).__name__.removesuffix("Requested").lower()
    reason = getattr(event, "reason", "")
    return f"{what} asked for{reason and f': {reason}'}"


def _backwards(event: e.Event, after: RolloutState) -> tuple[int, str, dict[str, object]] | None:
    match event:
        case e.RollbackStarted(because=because, reason=reason):
            return logging.WARNING, f"taken back: {reason}", {"because": because.value}
        case e.RollbackDelayed(reason=reason):
            return logging.ERROR, f"it cannot be taken back yet: {reason}", {}
        case e.WeightLowered():
            return logging.WARNING, f"{after.admitted.release} is at weight 0", {}
        case e.RolloutEnded(phase=phase, reason=reason):
            level = _ENDS.get(phase, logging.WARNING)
            return level, f"rollout ended, {phase}{reason and f': {reason}'}", {"phase": phase.value}
    return None
