"""What `decide` can say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from rollway.domain.events import Cause, RolloutEvent
from rollway.domain.words import Phase, Verdict


@dataclass(frozen=True, slots=True)
class GroupHealth:
    """A group's instances as last seen; `known` is False until somebody looked.

    `deaths` counts instances that ended by themselves since the rollout began; `complaint` says why the rest is not
    healthy, `output` are last lines.
    """

    ready: int = 0
    live: int = 0
    deaths: int = 0
    complaint: str = ""
    output: tuple[str, ...] = ()
    known: bool = True


UNSEEN = GroupHealth(known=False)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A monitor's verdict now, with the numbers behind it; `requests` of the canary in this step."""

    verdict: Verdict
    reason: str = ""
    numbers: Mapping[str, object] = field(default_factory=dict)
    requests: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known now beside the log: judgements, the seconds of this step in which samples were taken, health.

    `waited` is how long this step has been waited for: seconds of this daemon's life, whatever the wall clock did.
    """

    judgements: Mapping[str, Judgement] = field(default_factory=dict)
    watched: float = 0.0
    health: Mapping[str, GroupHealth] = field(default_factory=dict)
    mark: Cause | None = None
    waited: float = 0.0

    def of(self, group: str | None) -> GroupHealth:
        """A group's health."""
        return self.health.get(group, UNSEEN) if group else UNSEEN


@dataclass(frozen=True, slots=True)
class Begin:
    """Start the current step: record it with its key and what it implies, then carry it out."""

    step: int


@dataclass(frozen=True, slots=True)
class CarryOut:
    """The current step's effect on the outside is not known to be done: do it (again), under the same key."""

    step: int


@dataclass(frozen=True, slots=True)
class Lower:
    """Weight 0 for the bad group, at once; the only act that may precede its record."""

    group: str
    cause: Cause


@dataclass(frozen=True, slots=True)
class CloseConnections:
    """End what connections the bad group still has."""

    group: str


@dataclass(frozen=True, slots=True)
class TakeAway:
    """The bad group's instances are not wanted any more."""

    group: str


@dataclass(frozen=True, slots=True)
class Record:
    """Nothing to do outside: append these events."""

    events: tuple[RolloutEvent, ...]


Action: TypeAlias = Begin | CarryOut | Lower | CloseConnections | TakeAway | Record


@dataclass(frozen=True, slots=True)
class Act:
    """Do this now."""

    action: Action


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do until this time (unix seconds; None: until something happens)."""

    until: float | None = None


@dataclass(frozen=True, slots=True)
class End:
    """The rollout is over."""

    phase: Phase
    reason: str


Decision: TypeAlias = Act | Wait | End
