"""The log of a rollout in plain lines: pure, one line for each event, an operator's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from rollway.http.documents import EventDocument, RolloutDocument, StepDocument

Data = Mapping[str, JsonValue]


def line(event: EventDocument, rollout: RolloutDocument) -> str:
    """`12:03:11  step 3 of 7: 5% of traffic to v2`; times are local."""
    return f"{clock(event.at)}  {told(event, rollout)}"


def clock(at: datetime) -> str:
    """A time of day, local."""
    return at.astimezone().strftime("%H:%M:%S")


def told(event: EventDocument, rollout: RolloutDocument) -> str:
    """What happened; an event that this version does not know is named."""
    tell = _TOLD.get(event.type)
    return tell(event.data, rollout) if tell else event.type


def _begun(data: Data, rollout: RolloutDocument) -> str:
    way = f"{rollout.previous_release} -> {rollout.release}" if rollout.previous_release else rollout.release
    unwatched = ", unwatched" if rollout.unwatched else ""
    place = f"{rollout.application}/{rollout.environment}"
    return (
        f"rollout {rollout.id}: {way} in {place} by {rollout.strategy}, {len(rollout.plan)} steps{unwatched}"
    )


def _step(data: Data, plan: Sequence[StepDocument]) -> str:
    index = data.get("step")
    names = {each.index: each.name for each in plan}
    return f"step {index} of {len(plan)}: {names.get(index if isinstance(index, int) else 0, '?')}"


def _finished(data: Data, rollout: RolloutDocument) -> str:
    settled = data.get("settled")
    how = ", ".join(f"{name} {said}" for name, said in settled.items()) if isinstance(settled, dict) else ""
    return f"{_step(data, rollout.plan)}: done" + (f" ({how})" if how else "")


def _failed(data: Data, rollout: RolloutDocument) -> str:
    what = "did not answer in time" if data.get("hung") else "failed"
    return f"{_step(data, rollout.plan)}: {what}: {data.get('reason')}"


def _because(what: str) -> Callable[[Data, RolloutDocument], str]:
    def tell(data: Data, rollout: RolloutDocument) -> str:
        reason = data.get("reason")
        return f"{what}: {reason}" if reason else what

    return tell


def _verdict(data: Data, rollout: RolloutDocument) -> str:
    return f"{data.get('monitor')}: {data.get('verdict')}: {data.get('reason')}"


def _ended(data: Data, rollout: RolloutDocument) -> str:
    return f"{data.get('phase')}: {data.get('reason')}"


_TOLD: Final[Mapping[str, Callable[[Data, RolloutDocument], str]]] = {
    "RolloutAdmitted": _begun,
    "StepStarted": lambda data, rollout: _step(data, rollout.plan),
    "StepFinished": _finished,
    "StepFailed": _failed,
    "StepExtended": _because("not enough evidence yet, the step goes on"),
    "VerdictReached": _verdict,
    "EvidenceAwaited": _because("paused, waiting for evidence"),
    "AbortRequested": _because("abort asked for"),
    "PauseRequested": lambda data, rollout: str(data.get("reason") or "paused by a person"),
    "ResumeRequested": _because("resumed"),
    "PromoteRequested": _because("a person goes on without this step's evidence"),
    "FullPromotionRequested": _because("a person goes on without any hold or evidence; monitors go on"),
    "RollbackStarted": _because("rolling back"),
    "RollbackDelayed": _because("rollback has to wait"),
    "WeightLowered": lambda data, rollout: f"weight 0: {rollout.release} gets no more requests",
    "ConnectionsClosed": lambda data, rollout: f"no connection to {rollout.release} is left",
    "GroupRetired": lambda data, rollout: f"the instances of {rollout.release} are being stopped",
    "Promoted": lambda data, rollout: f"{rollout.release} is stable now",
    "RolloutEnded": _ended,
}
