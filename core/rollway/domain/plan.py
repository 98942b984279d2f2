"""A plan: the ordered steps of a rollout, compiled before anything happens and executed as stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from rollway.domain.split import Split


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision:
    """Start or resize a group of instances; undone by retiring the group."""

    group: str
    size: int
    kind: Literal["provision"] = "provision"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace:
    """In place: take these instances out, update, verify, put back; undone the same way with the previous release."""

    group: str
    batch: tuple[str, ...]
    kind: Literal["replace"] = "replace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify:
    """Wait until every instance of the group is healthy; `deadline` in seconds."""

    group: str
    deadline: float = 300.0
    kind: Literal["verify"] = "verify"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """Run lifecycle hooks; undone by the matching `on_rollback` hooks."""

    event: str
    commands: tuple[tuple[str, ...], ...]
    kind: Literal["hook"] = "hook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """This share of requests to each role; undone by the split before it, the new group at 0."""

    split: Split
    kind: Literal["shift"] = "shift"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Requests by header or cookie to a group; undone by removing the rule."""

    group: str
    match: str
    kind: Literal["route"] = "route"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """Copies of requests to a group; `share` in hundredths of a percent; undone by removing the rule."""

    group: str
    share: int
    kind: Literal["mirror"] = "mirror"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observe:
    """Hold for `duration` seconds while monitors watch; `margins` (a share per monitor) are fixed when planned.

    With `until_evidence` it may end early on sufficient evidence.
    """

    duration: float
    monitors: tuple[str, ...] = ()
    min_requests: int = 0
    until_evidence: bool = False
    margins: Mapping[str, float] = field(default_factory=dict)
    kind: Literal["observe"] = "observe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Wait for a named person or an outside system."""

    approvers: tuple[str, ...]
    timeout: float
    kind: Literal["gate"] = "gate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promote:
    """This role's group becomes stable; undone by promoting the previous."""

    group: str
    kind: Literal["promote"] = "promote"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retire:
    """Drain for up to `after` seconds, then stop; not undone, which is why it comes last."""

    group: str
    after: float = 0.0
    kind: Literal["retire"] = "retire"


Instruction: TypeAlias = (
    Provision | Replace | Verify | Hook | Shift | Route | Mirror | Observe | Gate | Promote | Retire
)
"""The instruction set; every instruction knows its compensation."""


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction of a plan: `name` for people; `source` is the entry of the strategy's `steps:`, from 1."""

    name: str
    does: Instruction
    source: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Ordered steps, and what a person should know before they run."""

    steps: tuple[Step, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanContext:
    """What is known when a plan is made.

    `instances` wanted at full size; `has_stable` whether there is something to compare with and fall back to;
    `monitors` the names of the deciding monitors; `drain` seconds given to old connections.
    """

    instances: int
    has_stable: bool
    monitors: tuple[str, ...] = ()
    drain: float = 10.0
    verify_deadline: float = 300.0
    target_capabilities: frozenset[str] = frozenset()
    router_capabilities: frozenset[str] = frozenset()
