"""From the log of a rollout to sentences for people: each decision with its evidence. Pure."""

from dataclasses import dataclass
from enum import Enum
from math import exp, log

from pydantic import ValidationError

from rollway.demo.documents import EventDocument, Evidence, RolloutDocument


class Tone(Enum):
    """How a sentence is meant."""

    PLAIN = "plain"
    QUIET = "quiet"
    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One line of the story; `about` is a release, or who acts."""

    about: str
    text: str
    tone: Tone = Tone.PLAIN


# The steps that move traffic, or end in a decision; the others are told more quietly.
LOUD = frozenset({"shift", "promote"})


def tell(event: EventDocument, rollout: RolloutDocument) -> Sentence | None:
    """The sentence for an event of this rollout; None for what only engineers ask about."""
    match event.type:
        case "RolloutAdmitted":
            return _admitted(rollout)
        case "StepStarted":
            return _started(event, rollout)
        case "VerdictReached":
            return _judged(event, rollout)
        case "RolloutEnded":
            return _ended(event, rollout)
        case _:
            return _other(event, rollout)


MOST = 10_000
"""Odds beyond this are not told apart: nobody needs the difference."""


def odds(log_e: float) -> str:
    """An e-value as people read it: how many times more likely than by chance."""
    if log_e > log(MOST):
        return f"over {MOST:,}"
    value = exp(log_e)
    return f"{value:.2g}" if value < 10 else f"{value:,.0f}"


def _admitted(rollout: RolloutDocument) -> Sentence:
    before = rollout.previous_release
    against = f"compared with {before}" if before else "the first release: nothing to compare it with"
    return Sentence(rollout.release, f"goes out in {len(rollout.plan)} steps, {against}")


def _started(event: EventDocument, rollout: RolloutDocument) -> Sentence | None:
    index = event.data.get("step")
    if not isinstance(index, int) or (name := rollout.step_name(index)) is None:
        return None
    tone = Tone.PLAIN if rollout.kind(index) in LOUD else Tone.QUIET
    return Sentence(rollout.release, f"step {index}/{len(rollout.plan)}: {name}", tone)


def _judged(event: EventDocument, rollout: RolloutDocument) -> Sentence | None:
    verdict, monitor, reason = (str(event.data.get(key, "")) for key in ("verdict", "monitor", "reason"))
    try:
        evidence = Evidence.model_validate(event.data.get("evidence") or {})
    except ValidationError:
        evidence = Evidence()
    match verdict:
        case "fail":
            weighed = f"evidence against it {odds(evidence.log_e)}, {odds(evidence.threshold_fail)} is enough"
            return Sentence(rollout.release, f"{monitor}: FAIL, {reason} ({weighed})", Tone.BAD)
        case "pass":
            weighed = f"evidence for it {odds(evidence.log_clear)}, {odds(evidence.threshold_pass)} is enough"
            return Sentence(rollout.release, f"{monitor}: pass, {reason} ({weighed})", Tone.GOOD)
        case _:
            return None


ENDINGS = {
    "promoted": ("promoted: it has all traffic", Tone.GOOD),
    "rolled_back": ("rolled back", Tone.BAD),
    "aborted": ("aborted", Tone.BAD),
    "failed": ("failed, a person is needed", Tone.BAD),
}


def _ended(event: EventDocument, rollout: RolloutDocument) -> Sentence:
    phase, reason = str(event.data.get("phase", "")), str(event.data.get("reason") or "")
    text, tone = ENDINGS.get(phase, (phase, Tone.PLAIN))
    return Sentence(rollout.release, f"{text}: {reason}" if reason and phase != "promoted" else text, tone)


# Type of event -> sentence and tone; the event's own reason follows where it has one.
OTHERS = {
    "StepFailed": ("the step could not be carried out", Tone.BAD),
    "StepExtended": ("the hold is over without enough evidence and goes on", Tone.PLAIN),
    "EvidenceAwaited": ("waits for evidence", Tone.BAD),
    "EvidenceArrived": ("the evidence is there, it goes on", Tone.GOOD),
    "RollbackStarted": ("is taken back", Tone.BAD),
    "RollbackDelayed": ("cannot be taken back yet", Tone.BAD),
    "WeightLowered": ("weight 0: no request goes to it any more", Tone.GOOD),
}
UNREASONED = frozenset({"RollbackStarted", "WeightLowered"})


def _other(event: EventDocument, rollout: RolloutDocument) -> Sentence | None:
    if event.type not in OTHERS:
        return None
    text, tone = OTHERS[event.type]
    reason = "" if event.type in UNREASONED else str(event.data.get("reason") or "")
    return Sentence(rollout.release, f"{text}: {reason}" if reason else text, tone)
