"""The words of the field, as types: identities, phases, verdicts."""

from enum import StrEnum
from typing import NewType

GroupId = NewType("GroupId", str)
"""A group of instances, for life: opaque, unique in the store; never a role, never a name a user typed."""

RolloutId = NewType("RolloutId", str)
"""One release going to one environment: opaque, sorts by time."""

InstanceId = NewType("InstanceId", str)
"""One instance of a group, recorded before it is started."""

Role = NewType("Role", str)
"""What a group is to one rollout: stable, canary, preview; plans speak of roles, effects of groups."""

STABLE = Role("stable")
CANARY = Role("canary")


class Phase(StrEnum):
    """Where a rollout stands; the last four are ends."""

    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    PROMOTING = "promoting"
    BAKING = "baking"
    ROLLING_BACK = "rolling_back"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"
    ABORTED = "aborted"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to this rollout."""
        return self in ENDS


ENDS = frozenset({Phase.PROMOTED, Phase.ROLLED_BACK, Phase.ABORTED, Phase.FAILED})


class Verdict(StrEnum):
    """What a judge says of the evidence so far."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NO_DATA = "no_data"
    ERROR = "error"


class WaitingFor(StrEnum):
    """What a paused rollout waits for."""

    PERSON = "person"
    APPROVAL = "approval"
    GATE = "gate"
    EVIDENCE = "evidence"
