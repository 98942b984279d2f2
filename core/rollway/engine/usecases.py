"""What can be asked of a daemon: the use cases that API handlers call, and the values they answer with.

Errors are those of `rollway.errors`, `ReleaseDiffers` and `StoreUnavailable`; the edges translate them.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from rollway.domain.decisions import GroupHealth, Judgement
from rollway.domain.environment import EnvironmentState
from rollway.domain.events import Fact
from rollway.domain.findings import Finding
from rollway.domain.instances import Instance
from rollway.domain.plan import Plan
from rollway.domain.rollout import RolloutState
from rollway.domain.traffic import RouterState
from rollway.engine.rollcall import UNKNOWN, Driver, Seen
from rollway.store.protocol import ApplicationRow, Json, ReleaseRow, Summary

OnBusy = Literal["refuse", "replace", "queue"]


@dataclass(frozen=True, slots=True)
class Applied:
    """An application as it stands, and whether this call changed it; `warnings` of its configuration."""

    row: ApplicationRow
    changed: bool
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewRelease:
    """A release to be registered: `artifact` is the digest (`sha256:...`) of an uploaded tar.

    `settings` are the target sections by environment, less `instances`.
    """

    application: str
    name: str
    artifact: str
    source: Json = field(default_factory=dict)
    settings: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewRollout:
    """A rollout that somebody asks for. `release` None or empty is no request: name one."""

    application: str
    environment: str
    release: str
    on_busy: OnBusy | None = None
    unwatched: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PlanView:
    """A compiled plan, nothing started. `digest` is the same for the same plan. `notes[i]` says of step i+1 what it

    exposes and what a rollback would do there.
    """

    application: str
    environment: str
    release: str
    strategy: str
    plan: Plan
    digest: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RolloutView:
    """A rollout as the log has it, with what is known beside it while it runs.

    `judgements` are the live ones of each monitor; `watched` seconds of the current observation so far; `health` by
    group id. `outcome` says what a rollback or deploy that needed no rollout of its own did. `driver` is who drives it
    while it goes on.
    """

    state: RolloutState
    health: Mapping[str, GroupHealth] = field(default_factory=dict)
    judgements: Mapping[str, Judgement] = field(default_factory=dict)
    watched: float = 0.0
    outcome: str = ""
    driver: Driver = UNKNOWN


@dataclass(frozen=True, slots=True)
class InstanceOutput:
    """The last lines an instance of a rollout's groups wrote, the oldest first; `role` is what its group is to it."""

    instance: str
    group: str
    role: str
    release: str
    running: bool
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PastRollout:
    """A rollout in an environment's history.

    `taken_back`: it was promoted, and a rollback went past it since; `stable`: what it brought has the traffic now.
    """

    summary: Summary
    taken_back: bool = False
    stable: bool = False


@dataclass(frozen=True, slots=True)
class EnvironmentView:
    """An environment as the log has it, with what target and router see now.

    `instances` is None where another daemon drives it, which alone sees them.
    """

    state: EnvironmentState
    instances: Sequence[Instance] | None = ()
    router: RouterState | None = None
    driver: Driver = UNKNOWN


@dataclass(frozen=True, slots=True)
class PluginView:
    """One plugin: loaded, or why not."""

    kind: str
    name: str
    origin: str
    version: str
    capabilities: tuple[str, ...] = ()
    summary: str = ""
    problem: str = ""


class UseCases(Protocol):
    """Everything the public API offers, without HTTP. `actor` is `kind:name`.

    `key` is the caller's Idempotency-Key: a repeated call with the same key gets the first one's answer.
    """

    async def apply(self, name: str, settings: Json, actor: str) -> Applied:
        """Register or update an application; `settings` is deploy.yaml as JSON. Raises ConfigurationError."""
        ...

    async def application(self, name: str) -> ApplicationRow:
        """One application. Raises NotFoundError."""
        ...

    async def applications(self) -> Sequence[ApplicationRow]:
        """All applications, by name."""
        ...

    async def put_artifact(self, digest: str, chunks: AsyncIterator[bytes]) -> bool:
        """Keep a tar by its digest (`sha256:HEX`); False where it was there already. Raises ArtifactError."""
        ...

    async def has_artifact(self, digest: str) -> bool:
        """Whether this tar is kept."""
        ...

    async def register(self, new: NewRelease, actor: str) -> ReleaseRow:
        """Make a release. Raises ReleaseDiffers, NotFoundError (application or artifact), ConfigurationError."""
        ...

    async def release(self, application: str, name: str) -> ReleaseRow:
        """One release. Raises NotFoundError."""
        ...

    async def releases(self, application: str, limit: int, before: str | None) -> Sequence[ReleaseRow]:
        """An application's releases, newest first."""
        ...

    async def plan(self, application: str, environment: str, release: str | None) -> PlanView:
        """The plan a deploy would follow now; a release not known yet is planned as if it existed."""
        ...

    async def start(self, new: NewRollout, actor: str, key: str | None = None) -> RolloutView:
        """Begin a rollout. Raises ConflictError where another holds the environment, NotFoundError, ConfigurationError.

        Deploying what is stable is a no-op at rest (the view is that of the rollout that promoted it, with `outcome`).
        """
        ...

    async def rollout(self, id_: str) -> RolloutView:
        """One rollout. Raises NotFoundError."""
        ...

    async def rollouts(
        self,
        *,
        application: str | None = None,
        environment: str | None = None,
        phases: Collection[str] | None = None,
        unfinished: bool | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> Sequence[Summary]:
        """Rows of rollouts, newest first; `stream` is `rollout:ID`; `before` is the id last seen."""
        ...

    async def facts(self, id_: str, after: int = 0) -> Sequence[Fact]:
        """A rollout's log. Raises NotFoundError."""
        ...

    async def changed(self, id_: str, after: int, timeout: float) -> bool:
        """Wait until the rollout's log has events above `after`, at most so many seconds; whether it has."""
        ...

    async def abort(self, id_: str, actor: str, reason: str = "", key: str | None = None) -> RolloutView:
        """Stop it: traffic back to stable at once. Raises ConflictError where it has ended, or is promoted."""
        ...

    async def pause(self, id_: str, actor: str, reason: str = "", key: str | None = None) -> RolloutView:
        """Hold it where it is: the weight stays, monitors go on, the rest of a hold is kept.

        Raises ConflictError where it has ended, is promoted, is being taken back, or is paused by a person already.
        """
        ...

    async def resume(self, id_: str, actor: str, key: str | None = None) -> RolloutView:
        """End a person's pause; where it waits for evidence, the step is observed anew. Raises ConflictError."""
        ...

    async def promote(
        self, id_: str, actor: str, *, full: bool = False, key: str | None = None
    ) -> RolloutView:
        """Go on to the next entry of the strategy's steps without the evidence of this one; `full`: of all.

        A failing monitor takes it back all the same. Raises ConflictError.
        """
        ...

    async def retry(self, id_: str, actor: str, reason: str = "", key: str | None = None) -> RolloutView:
        """A new rollout of what this one could not bring, from the first step, with `retry_of`.

        It is compiled of the settings of now, and watched as they say. Raises ConflictError where this one goes on, was
        promoted, or another holds the environment.
        """
        ...

    async def logs(self, id_: str, lines: int = 20) -> Sequence[InstanceOutput]:
        """The last lines of the instances of its groups, as long as the node has them. Raises NotFoundError."""
        ...

    async def history(
        self, application: str, environment: str, limit: int = 50, before: str | None = None
    ) -> Sequence[PastRollout]:
        """What was brought to an environment, newest first; `before` is the rollout last seen. Raises NotFoundError."""
        ...

    async def rollback(
        self,
        application: str,
        environment: str,
        to: str | None,
        actor: str,
        reason: str = "",
        key: str | None = None,
    ) -> RolloutView:
        """Back to the last good release, or to the one named; during a rollout: ends it, as abort does."""
        ...

    async def environment(self, application: str, environment: str) -> EnvironmentView:
        """One environment. Raises NotFoundError."""
        ...

    async def environments(self, application: str | None = None) -> Sequence[EnvironmentView]:
        """All environments, of all applications or of one."""
        ...

    def plugins(self) -> Sequence[PluginView]:
        """What is loaded, and what is not and why."""
        ...

    async def ready(self) -> str:
        """Empty when the daemon serves what it found when it began; otherwise what it still waits for."""
        ...

    def daemons(self) -> Sequence[Seen]:
        """Every daemon of the same data, this one first."""
        ...

    async def doctor(self, plugins: Collection[tuple[str, str]] = ()) -> Sequence[Finding]:
        """Look at machine, database, artifacts and plugins: those in use, and `plugins` (kind, name) besides."""
        ...
