"""What the daemon's API answers, as far as the demo reads it. Unknown keys are passed over: the API only adds."""

from collections.abc import Mapping
from datetime import datetime
from math import log

from pydantic import BaseModel, ConfigDict, Field, model_validator

ENDS = frozenset({"promoted", "rolled_back", "aborted", "failed"})
GOOD_ENDS = frozenset({"promoted", "baking"})


class Document(BaseModel):
    """Any of them. What is null (a number that JSON has not, a thing not known) is as if it were not there."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, document: object) -> object:
        if not isinstance(document, dict):
            return document
        return {key: value for key, value in document.items() if value is not None}


class Counted(Document):
    """Requests and how many of them were bad."""

    requests: float = 0
    bad: float = 0


class Evidence(Document):
    """What stands behind a verdict; natural logs. Thresholds default to those of a single monitor."""

    log_e: float = 0.0
    threshold_fail: float = log(100)
    log_clear: float = 0.0
    threshold_pass: float = log(20)
    canary: Counted = Counted()
    stable: Counted = Counted()


class VerdictDocument(Document):
    """What a monitor says now."""

    monitor: str
    verdict: str
    reason: str = ""
    evidence: Evidence = Evidence()


class PlanStep(Document):
    """One step of the plan; `index` from 1."""

    index: int
    name: str
    kind: str = ""


class StepDocument(Document):
    """Where a rollout stands in its plan."""

    index: int
    of: int
    name: str


class RolloutDocument(Document):
    """`GET /rollouts/ID`; `weight` in percent, the new release's share of traffic."""

    id: str
    release: str
    phase: str
    previous_release: str | None = None
    waiting_for: str | None = None
    weight: float = 0.0
    step: StepDocument | None = None
    reason: str = ""
    plan: tuple[PlanStep, ...] = ()
    verdicts: tuple[VerdictDocument, ...] = ()

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen; a bake is over for the demo."""
        return self.phase in ENDS or self.phase in GOOD_ENDS

    @property
    def promoted(self) -> bool:
        """Whether the release has become stable."""
        return self.phase in GOOD_ENDS

    def step_name(self, index: int) -> str | None:
        """What a step of the plan is called; None for one it does not have."""
        return next((step.name for step in self.plan if step.index == index), None)

    def kind(self, index: int) -> str | None:
        """Which instruction a step of the plan is."""
        return next((step.kind for step in self.plan if step.index == index), None)


class EventDocument(Document):
    """One entry of `GET /rollouts/ID/events`."""

    seq: int
    at: datetime
    type: str
    data: Mapping[str, object] = Field(default_factory=dict)
