"""What can happen, as values: the events of rollouts and environments.

An event's type is its class name, its version `v`; its data are its fields. `RolloutAdmitted`, `Promoted` and
`RolloutEnded` stand in both streams. A field is never removed or given a new meaning without a higher `v`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, TypeAlias

from rollway.domain.plan import Plan
from rollway.domain.split import Split
from rollway.domain.words import Phase, Verdict

Numbers: TypeAlias = Mapping[str, object]
"""The figures behind a verdict, as JSON."""


class Policy(StrEnum):
    """What becomes of a step whose monitor did not pass."""

    PAUSE = "pause"
    FAIL = "fail"
    IGNORE = "ignore"


class Because(StrEnum):
    """What took a rollout back."""

    VERDICT = "verdict"
    ABORT = "abort"
    STEP = "step"
    DEATHS = "deaths"
    MARK = "mark"


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorUse:
    """A monitor as one rollout uses it, fixed when the rollout is admitted; `test` tells a second test of it."""

    name: str
    use: str
    test: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)
    dry_run: bool = False
    extend: float = 10.0
    min_requests: int = 0
    on_no_data: Policy = Policy.PAUSE
    on_error: Policy = Policy.PAUSE
    on_inconclusive: Policy = Policy.PAUSE

    def policy(self, verdict: Verdict) -> Policy:
        """What this monitor does at the end of a step for a verdict that is neither pass nor fail."""
        return {Verdict.NO_DATA: self.on_no_data, Verdict.ERROR: self.on_error}.get(
            verdict, self.on_inconclusive
        )


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a rollout is taken back, in a sentence for an operator."""

    because: Because
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutAdmitted:
    """A rollout holds its environment: whole settings and compiled plan, executed as stored.

    `node` is where its plugins work; empty where any daemon may drive them.
    """

    rollout: str
    application: str
    environment: str
    release: str
    plan: Plan
    groups: Mapping[str, str]
    strategy: str
    previous_release: str | None = None
    instances: int = 1
    target: str = ""
    target_settings: Mapping[str, object] = field(default_factory=dict)
    artifact: str | None = None
    router: str = ""
    router_settings: Mapping[str, object] = field(default_factory=dict)
    monitors: tuple[MonitorUse, ...] = ()
    interval: float = 0.25
    unwatched: bool = False
    reason: str = ""
    retry_of: str | None = None
    plan_digest: str = ""
    node: str = ""
    v: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class StableRecord:
    """What stable did before all traffic left it, and by monitor the bad share that a comparison allows after that."""

    requests: int
    bad: int
    seconds: float
    limits: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted:
    """`step` counts from 1; `key` is the idempotency key of its effects.

    `record` is taken where the step leaves stable without traffic: what the new release is held against.
    """

    step: int
    key: str
    record: StableRecord | None = None
    v: ClassVar[int] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFinished:
    """The step is done; for an observation, `settled` says for each deciding monitor how: pass, ignored, promoted."""

    step: int
    settled: Mapping[str, str] = field(default_factory=dict)
    v: ClassVar[int] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFailed:
    """The step could not be carried out; `hung` tells a call that was cancelled from one that failed."""

    step: int
    reason: str
    hung: bool = False
    v: ClassVar[int] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StepExtended:
    """The hold is over without enough evidence: the step goes on, up to `until` seconds of watching."""

    step: int
    until: float
    reason: str
    v: ClassVar[int] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictReached:
    """A monitor's verdict changed, with the numbers behind it."""

    step: int
    monitor: str
    verdict: Verdict
    reason: str
    evidence: Numbers = field(default_factory=dict)
    v: ClassVar[int] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceAwaited:
    """The rollout pauses: it waits for evidence, or for a person who goes on without."""

    step: int
    reason: str
    v: ClassVar[int] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AbortRequested:
    """A person, or a newer release, stops this rollout."""

    reason: str
    v: ClassVar[int] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseRequested:
    """A person holds the rollout where it is."""

    reason: str = ""
    v: ClassVar[int] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeRequested:
    """A person lets it go on; a step that waits for evidence is observed anew."""

    v: ClassVar[int] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PromoteRequested:
    """A person goes on to the next entry of the strategy's `steps` without the evidence of this one."""

    step: int
    v: ClassVar[int] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FullPromotionRequested:
    """A person goes on without the holds and the evidence of this step and of all that follow; monitors go on."""

    step: int
    v: ClassVar[int] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackStarted:
    """From here on the rollout is only taken back."""

    because: Because
    reason: str
    v: ClassVar[int] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackDelayed:
    """Stable has no healthy instance: traffic stays on the side that answers until it has one."""

    reason: str
    v: ClassVar[int] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightLowered:
    """The group is at weight 0, in force; `split` (group to share) is what is left."""

    group: str
    split: Split
    reason: str
    v: ClassVar[int] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionsClosed:
    """No connection of the group lives on."""

    group: str
    v: ClassVar[int] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Promoted:
    """The group is stable from now on."""

    rollout: str
    group: str
    release: str
    v: ClassVar[int] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutEnded:
    """The environment is free again."""

    rollout: str
    phase: Phase
    reason: str
    v: ClassVar[int] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupWanted:
    """This many instances of a group are wanted; the environment keeps them at that."""

    group: str
    size: int
    v: ClassVar[int] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRetired:
    """The group is not needed any more: after `after` seconds its connections end and its instances stop."""

    group: str
    after: float = 0.0
    hard: bool = False
    v: ClassVar[int] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupGone:
    """Nothing is left of the group."""

    group: str
    v: ClassVar[int] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Shifted:
    """This split (group to share) is wanted from now on."""

    rollout: str
    split: Split
    v: ClassVar[int] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceStarting:
    """Recorded before the instance is started."""

    group: str
    instance: str
    v: ClassVar[int] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceDied:
    """It ended by itself; counted against its release. `output` are the last lines it wrote."""

    group: str
    instance: str
    detail: str
    output: tuple[str, ...] = ()
    v: ClassVar[int] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceStopping:
    """It gets no new requests and will be stopped."""

    group: str
    instance: str
    v: ClassVar[int] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceStopped:
    """It is gone."""

    group: str
    instance: str
    v: ClassVar[int] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftFound:
    """Something outside did not match the log; it is put back."""

    what: str
    v: ClassVar[int] = 1


RolloutEvent: TypeAlias = (
    RolloutAdmitted
    | StepStarted
    | StepFinished
    | StepFailed
    | StepExtended
    | VerdictReached
    | EvidenceAwaited
    | AbortRequested
    | PauseRequested
    | ResumeRequested
    | PromoteRequested
    | FullPromotionRequested
    | RollbackStarted
    | RollbackDelayed
    | WeightLowered
    | ConnectionsClosed
    | GroupRetired
    | Promoted
    | RolloutEnded
)

EnvironmentEvent: TypeAlias = (
    RolloutAdmitted
    | GroupWanted
    | GroupRetired
    | GroupGone
    | Shifted
    | WeightLowered
    | ConnectionsClosed
    | InstanceStarting
    | InstanceDied
    | InstanceStopping
    | InstanceStopped
    | DriftFound
    | Promoted
    | RolloutEnded
)

Event: TypeAlias = RolloutEvent | EnvironmentEvent


@dataclass(frozen=True, slots=True)
class Fact:
    """An event as it stands in the log: its place, when (unix seconds) and who (`kind:name`)."""

    seq: int
    at: float
    actor: str
    event: Event


class IllegalHistory(ValueError):
    """The log says something that cannot follow what it said before."""
