"""What the API answers with: the JSON documents of the public contract.

Weights are percent, 0 to 100. Times are RFC 3339 in UTC. A field is never removed or given a new meaning.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from rollway.domain.findings import Grade
from rollway.domain.words import Phase, Verdict

Percent = Annotated[int | float, Field(ge=0, le=100)]
Item = TypeVar("Item")


class Document(BaseModel):
    """A JSON document; fields a newer daemon added are passed over."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Page(Document, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    next: str | None = None
    """The `cursor` of the next page; null on the last."""


class ApplicationDocument(Document):
    """An application as last applied."""

    application: str
    revision: int
    settings: dict[str, JsonValue]
    actor: str
    applied_at: datetime


class AppliedDocument(ApplicationDocument):
    """What an apply did."""

    changed: bool
    warnings: list[str] = []


class ReleaseDocument(Document):
    """An immutable version."""

    application: str
    name: str
    digest: str
    artifact: str
    source: dict[str, JsonValue]
    settings: dict[str, JsonValue]
    actor: str
    created_at: datetime


class ArtifactDocument(Document):
    """A tar that is kept."""

    digest: str
    created: bool
    """False where it was there already."""


class StepDocument(Document):
    """One compiled instruction of a plan."""

    index: int
    """From 1."""
    name: str
    kind: str
    group: str | None = None
    """The role it is about: stable, canary."""
    weight: Percent | None = None
    """The new release's share of traffic from this step on; only where it changes."""
    source_step: int | None = None
    """The entry of the strategy's `steps`, from 1."""
    hold: float | None = None
    """Seconds of watching, at least."""
    size: int | None = None
    """Instances wanted."""
    deadline: float | None = None
    """Seconds it may take."""
    monitors: list[str] | None = None
    """The monitors asked; empty for all of them."""
    note: str | None = None
    """What it exposes, and what a rollback would do there."""


class PlanDocument(Document):
    """A plan; nothing is started."""

    digest: str
    release: str
    steps: list[StepDocument]
    warnings: list[str]
    application: str
    environment: str
    strategy: str


class CountDocument(Document):
    """Instances of a group: `ready` is null where nobody looks any more."""

    ready: int | None
    wanted: int


class InstancesDocument(Document):
    """The instances of both sides of a rollout."""

    stable: CountDocument
    canary: CountDocument


class PositionDocument(Document):
    """The step a rollout stands at, from 1."""

    index: int
    of: int
    name: str


class VerdictDocument(Document):
    """What a monitor says, with the numbers behind it."""

    monitor: str
    verdict: Verdict
    reason: str
    evidence: dict[str, JsonValue]
    dry_run: bool = False


class RolloutDocument(Document):
    """One rollout."""

    id: str
    application: str
    environment: str
    release: str
    previous_release: str | None
    strategy: str
    phase: Phase
    waiting_for: str | None
    """What it is paused for: person, approval, gate, evidence."""
    weight: Percent
    """This release's share of traffic: 100 after promotion, 0 after a rollback."""
    instances: InstancesDocument
    step: PositionDocument
    reason: str
    started_at: datetime
    finished_at: datetime | None
    plan: list[StepDocument]
    verdicts: list[VerdictDocument]
    actor: str
    """Who started it; not verified until access control exists."""
    seq: int
    """The last event of its log."""
    watched: float = 0.0
    """Seconds of the current hold in which it was watched."""
    step_started_at: datetime | None = None
    hold_until: float | None = None
    """Seconds of watching up to which a step without enough evidence goes on; null where it is not extended."""
    unwatched: bool = False
    retry_of: str | None = None
    why: str = ""
    """Why it was started, in the words of whoever did."""
    plan_digest: str = ""
    groups: dict[str, str] = {}
    """The group of each role."""
    outcome: str = ""
    """What a call did that needed no rollout of its own."""
    node: str | None = None
    """The machine that its processes and its router work on; null where any daemon may drive it."""
    daemon: str | None = None
    """The id of the daemon that drives it; null where nobody does, or it has ended."""
    problem: str | None = None
    """Why nobody drives it, and nobody will without a person."""
    advice: str | None = None
    """What that person does."""


class RolloutRow(Document):
    """One rollout in a list."""

    id: str
    application: str
    environment: str
    release: str | None
    phase: Phase
    weight: Percent
    updated_at: datetime
    ended: bool
    strategy: str | None = None
    previous_release: str | None = None
    waiting_for: str | None = None
    reason: str | None = None
    actor: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    unwatched: bool = False
    retry_of: str | None = None


class PastRolloutDocument(Document):
    """A rollout in an environment's history."""

    release: str
    rollout: str
    phase: Phase
    strategy: str
    previous_release: str | None
    actor: str
    """Who started it; not verified until access control exists."""
    started_at: datetime
    finished_at: datetime | None
    reason: str
    """Why it ended so, or what it waits for."""
    why: str = ""
    """Why it was started, in the words of whoever did."""
    unwatched: bool
    """No monitor decided."""
    retry_of: str | None = None
    taken_back: bool
    """It was promoted, and a rollback went past it since."""
    stable: bool
    """What it brought is stable now."""


class OutputDocument(Document):
    """What one instance wrote last."""

    instance: str
    group: str
    role: str
    """What its group is to the rollout: canary, stable."""
    release: str
    running: bool
    lines: list[str]
    """The oldest first."""


class LogsDocument(Document):
    """The output of a rollout's instances, the new release's first."""

    rollout: str
    instances: list[OutputDocument]


class EventDocument(Document):
    """One event of a rollout's log; `seq` counts from 1 without gaps."""

    seq: int
    at: datetime
    type: str
    actor: str
    data: dict[str, JsonValue]


class InstanceDocument(Document):
    """One instance as it is seen now."""

    id: str
    health: str
    address: str | None
    detail: str


class GroupDocument(Document):
    """A group of instances of one release."""

    id: str
    release: str
    role: str
    """stable, canary, or retired."""
    weight: Percent
    wanted: int
    ready: int | None
    """Null where another daemon drives the environment, which alone sees its instances."""
    instances: list[InstanceDocument]


class PromotedDocument(Document):
    """A release that was promoted here."""

    release: str
    rollout: str
    at: datetime
    taken_back: bool


class DaemonDocument(Document):
    """A daemon of the database that this one uses."""

    id: str
    """Another one for each start of a daemon."""
    node: str
    """The machine whose processes and routers it drives."""
    url: str
    """Where its API listens, on that machine."""
    version: str
    me: bool
    """It is the one that answers."""
    alive: bool
    silent_for: float
    """Seconds, at least, without a sign of life; 0 to 1 is as it should be."""
    shares: int
    """How many of the 32 shares it holds of what any daemon may drive."""
    holds_node: bool
    """It drives what works on its machine."""


class EnvironmentDocument(Document):
    """One environment of an application: what runs, at what weight."""

    application: str
    environment: str
    phase: str
    """empty, rollout or steady."""
    release: str | None
    """The stable release."""
    rollout: str | None
    """The rollout that holds it."""
    groups: list[GroupDocument]
    history: list[PromotedDocument]
    """What was promoted, oldest first."""
    router_running: bool | None
    listen: str | None = None
    node: str | None = None
    """The machine that its processes and its router work on; null where any daemon may drive it."""
    daemon: DaemonDocument | None = None
    """The daemon that drives it; null where nobody does."""
    problem: str | None = None
    """Why nobody drives it, and nobody will without a person."""
    advice: str | None = None
    """What that person does."""


class FindingDocument(Document):
    """What a look at one thing found."""

    part: str
    """What it belongs to: machine, daemon, database, artifacts, plugins, file."""
    name: str
    grade: Grade
    said: str
    advice: str | None = None
    """What to do next."""


class DoctorDocument(Document):
    """What a look at all that a daemon rests on found."""

    well: bool
    """There is no problem; there may be warnings."""
    version: str
    node: str
    findings: list[FindingDocument]


class PluginDocument(Document):
    """A plugin: loaded, or why not."""

    kind: str
    name: str
    origin: str
    version: str
    loaded: bool
    capabilities: list[str]
    summary: str
    problem: str


class HealthDocument(Document):
    """That it answers."""

    status: str


class ProblemItem(Document):
    """One thing wrong in a configuration or a request, and where."""

    path: str
    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    suggestion: str | None = None


class RefusalItem(Document):
    """One key that is known and not built yet."""

    path: str
    sentence: str
    file: str | None = None
    line: int | None = None
    column: int | None = None


class ProblemDocument(Document):
    """What went wrong (RFC 9457)."""

    type: str
    """`urn:rollway:problem:WORD`; scripts tell problems apart by it."""
    title: str
    status: int
    detail: str
    advice: str | None = None
    """What to do next."""
    problems: list[ProblemItem] | None = None
    refusals: list[RefusalItem] | None = None
