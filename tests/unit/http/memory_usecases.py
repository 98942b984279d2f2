"""Use cases in memory: real domain states folded from real events, and no engine that goes on by itself."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, field

from rollway.domain import environment, rollout
from rollway.domain import events as e
from rollway.domain import plan as p
from rollway.domain.decisions import GroupHealth, Judgement
from rollway.domain.environment import EnvironmentState
from rollway.domain.findings import Finding
from rollway.domain.instances import Health, Instance
from rollway.domain.split import WHOLE, Split
from rollway.domain.traffic import Address, RouterState
from rollway.domain.words import CANARY, STABLE, Phase, Verdict
from rollway.engine import rollcall
from rollway.engine.rollcall import Driver, Seen
from rollway.engine.summaries import rollout_summary
from rollway.engine.usecases import (
    Applied,
    EnvironmentView,
    InstanceOutput,
    NewRelease,
    NewRollout,
    PastRollout,
    PlanView,
    PluginView,
    RolloutView,
)
from rollway.errors import (
    ConfigurationError,
    ConflictError,
    DigestMismatchError,
    NotBuiltError,
    NotFoundError,
    Problem,
    Refusal,
)
from rollway.store.protocol import ApplicationRow, Json, Member, ReleaseDiffers, ReleaseRow, Summary

BEGAN = 1_800_000_000.0

CANARY_PLAN = p.Plan(
    (
        p.Step("start v2", p.Provision(group=CANARY, size=3)),
        p.Step("wait until v2 is healthy", p.Verify(group=CANARY)),
        p.Step("5%", p.Shift(split=Split({STABLE: 9500, CANARY: 500})), 1),
        p.Step("watch 60 s", p.Observe(duration=60, monitors=("error-rate",)), 1),
        p.Step("100%", p.Shift(split=Split({CANARY: WHOLE}))),
        p.Step("promote", p.Promote(group=CANARY)),
        p.Step("stop v1", p.Retire(group=STABLE, after=10)),
    ),
    warnings=("the canary is compared over few requests",),
)

EVIDENCE: dict[str, object] = {
    "log_e": 1.25,
    "threshold_fail": 4.6,
    "log_clear": -0.5,
    "threshold_pass": 3.0,
    "canary": {"requests": 120.0, "bad": 2.0},
    "stable": {"requests": 2280.0, "bad": 3.0},
    "dispersion": 1.0,
    "margin": 0.005,
}


def admitted(id_: str, place: str = "shop/prod", release: str = "v2", **changes: object) -> e.RolloutAdmitted:
    application, _, name = place.partition("/")
    values: dict[str, object] = {
        "rollout": id_,
        "application": application,
        "environment": name,
        "release": release,
        "previous_release": "v1",
        "plan": CANARY_PLAN,
        "groups": {CANARY: f"{id_}-new", STABLE: f"{place}-old"},
        "strategy": "canary",
        "instances": 3,
        "router_settings": {"listen": "127.0.0.1:8080"},
        "monitors": (e.MonitorUse(name="error-rate", use="error-rate"),),
        "plan_digest": "sha256:feed",
    }
    return e.RolloutAdmitted(**{**values, **changes})  # type: ignore[arg-type]


def judged(verdict: Verdict = Verdict.INCONCLUSIVE) -> Judgement:
    return Judgement(verdict, "canary fails 1.7% (2 of 120): too little evidence yet", EVIDENCE, 120)


HEALTHY_CANARY: tuple[e.RolloutEvent, ...] = (
    e.StepStarted(step=1, key="k1"),
    e.StepFinished(step=1),
    e.StepStarted(step=2, key="k2"),
    e.StepFinished(step=2),
    e.StepStarted(step=3, key="k3"),
    e.StepFinished(step=3),
    e.StepStarted(step=4, key="k4"),
)
"""A rollout up to its watching at 5 %."""


def promotion(id_: str) -> tuple[e.RolloutEvent, ...]:
    """What follows `HEALTHY_CANARY` when it goes well."""
    return (
        e.VerdictReached(
            step=4, monitor="error-rate", verdict=Verdict.PASS, reason="clear", evidence=EVIDENCE
        ),
        e.StepFinished(step=4, settled={"error-rate": "pass"}),
        e.StepStarted(step=5, key="k5"),
        e.StepFinished(step=5),
        e.StepStarted(step=6, key="k6"),
        e.Promoted(rollout=id_, group=f"{id_}-new", release="v2"),
        e.StepFinished(step=6),
        e.StepStarted(step=7, key="k7"),
        e.StepFinished(step=7),
        e.RolloutEnded(rollout=id_, phase=Phase.PROMOTED, reason="v2 is stable"),
    )


def taking_back(id_: str, phase: Phase = Phase.ROLLED_BACK) -> tuple[e.RolloutEvent, ...]:
    """What follows `HEALTHY_CANARY` when it goes wrong."""
    reason = "error-rate: canary fails 5% (50 of 1,000), stable 0.1% (2 of 2,000): 0.2 pp allowed"
    return (
        e.VerdictReached(
            step=4, monitor="error-rate", verdict=Verdict.FAIL, reason=reason, evidence=EVIDENCE
        ),
        e.RollbackStarted(because=e.Because.VERDICT, reason=reason),
        e.WeightLowered(group=f"{id_}-new", split=Split({"shop/prod-old": WHOLE}), reason=reason),
        e.ConnectionsClosed(group=f"{id_}-new"),
        e.GroupRetired(group=f"{id_}-new", hard=True),
        e.RolloutEnded(rollout=id_, phase=phase, reason=reason),
    )


@dataclass
class MemoryUseCases:
    """Keeps what it is told; `happen` is what the engine would do."""

    rows: dict[str, ApplicationRow] = field(default_factory=dict)
    tars: dict[str, bytes] = field(default_factory=dict)
    made: dict[tuple[str, str], ReleaseRow] = field(default_factory=dict)
    happened: dict[str, list[e.Fact]] = field(default_factory=dict)
    states: dict[str, EnvironmentState] = field(default_factory=dict)
    judgements: dict[str, Judgement] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    waiting: str = ""
    broken: Exception | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)
    goes: Callable[[str], Sequence[e.RolloutEvent]] = lambda id_: ()
    """What happens to a rollout that was started, or asked to end."""
    actors: list[str] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    others: Sequence[Seen] = ()
    found: Sequence[Finding] = ()
    drivers: dict[str, Driver] = field(default_factory=dict)
    """By place; who drives what is not named here is not known."""
    written: list[str] = field(default_factory=list)

    # What happens.

    def admit(self, id_: str, place: str = "shop/prod", release: str = "v2", **changes: object) -> str:
        event = admitted(id_, place, release, **changes)
        self.happened[id_] = []
        self.happen(id_, event)
        state = self.states.setdefault(place, self.empty(place))
        if event.groups.get(STABLE) and event.groups[STABLE] not in state.groups:
            old = environment.GroupState(event.groups[STABLE], admitted("0", place, "v1"), wanted=3)
            state = environment.EnvironmentState(
                state.application,
                state.name,
                groups={old.id: old},
                stable=old.id,
                split=Split.all_to(old.id),
                promoted=(environment.StableRecord("v1", old.id, "0", BEGAN),),
                phase="steady",
            )
        self.states[place] = environment.apply(state, e.Fact(state.seq + 1, BEGAN, "user:ann", event))
        return id_

    def happen(self, id_: str, *events: e.RolloutEvent, actor: str = "daemon:here") -> None:
        log = self.happened[id_]
        for event in events:
            log.append(e.Fact(len(log) + 1, BEGAN + len(log), actor, event))
            ended = isinstance(event, e.RolloutEnded)
            if ended and (place := self._place(id_)) in self.states:
                state = self.states[place]
                self.states[place] = environment.apply(state, e.Fact(state.seq + 1, BEGAN, actor, event))
        rollout.fold(log)
        self.news.set()
        self.news = asyncio.Event()

    def empty(self, place: str) -> EnvironmentState:
        application, _, name = place.partition("/")
        return EnvironmentState(application, name)

    def _place(self, id_: str) -> str:
        first = self.happened[id_][0].event
        assert isinstance(first, e.RolloutAdmitted)
        return f"{first.application}/{first.environment}"

    def _view(self, id_: str, outcome: str = "") -> RolloutView:
        if self.broken:
            raise self.broken
        if id_ not in self.happened:
            raise NotFoundError(f"there is no rollout {id_}", advice="list them with: rollway status")
        state = rollout.fold(self.happened[id_])
        health = {state.group: GroupHealth(ready=2, live=3), state.stable or "": GroupHealth(ready=3, live=3)}
        driver = self.drivers.get(state.place, Driver())
        return RolloutView(state, health, self.judgements, 12.5, outcome, driver)

    # The protocol.

    async def apply(self, name: str, settings: Json, actor: str) -> Applied:
        self.actors.append(actor)
        if "wrong" in settings:
            raise ConfigurationError(
                [Problem(None, None, None, "wrong", "unknown key", "right")],
                [Refusal(None, None, None, "pipeline", "pipelines are not built yet")],
            )
        if "pipeline" in settings:
            raise NotBuiltError([Refusal(None, None, None, "pipeline", "pipelines are not built yet")])
        before = self.rows.get(name)
        if before and before.settings == settings:
            return Applied(before, False)
        row = ApplicationRow(name, before.revision + 1 if before else 1, settings, actor, BEGAN)
        self.rows[name] = row
        for each in settings.get("environments") or {}:  # type: ignore[union-attr]
            self.states.setdefault(f"{name}/{each}", self.empty(f"{name}/{each}"))
        return Applied(row, True, ("environments.prod: something to know",))

    async def application(self, name: str) -> ApplicationRow:
        if name not in self.rows:
            raise NotFoundError(f"there is no application {name!r}", advice="register it with: rollway apply")
        return self.rows[name]

    async def applications(self) -> Sequence[ApplicationRow]:
        return sorted(self.rows.values(), key=lambda row: row.name)

    async def put_artifact(self, digest: str, chunks: AsyncIterator[bytes]) -> bool:
        content = b"".join([chunk async for chunk in chunks])
        found = "sha256:" + hashlib.sha256(content).hexdigest()
        if found != digest:
            raise DigestMismatchError(f"the content is {found}, not {digest}")
        new = digest not in self.tars
        self.tars[digest] = content
        return new

    async def has_artifact(self, digest: str) -> bool:
        return digest in self.tars

    async def register(self, new: NewRelease, actor: str) -> ReleaseRow:
        await self.application(new.application)
        if new.artifact not in self.tars:
            raise NotFoundError(f"no artifact {new.artifact} is kept", advice="upload it first")
        row = ReleaseRow(
            new.application,
            new.name,
            f"sha256:{new.artifact[7:]}",
            new.artifact,
            new.source,
            new.settings,
            actor,
            BEGAN,
        )
        found = self.made.setdefault((new.application, new.name), row)
        if found.digest != row.digest:
            raise ReleaseDiffers(new.application, new.name, found.digest, row.digest)
        return found

    async def release(self, application: str, name: str) -> ReleaseRow:
        if (application, name) not in self.made:
            raise NotFoundError(f"there is no release {name!r} of {application}")
        return self.made[application, name]

    async def releases(self, application: str, limit: int, before: str | None) -> Sequence[ReleaseRow]:
        rows = [row for row in reversed(self.made.values()) if row.application == application]
        names = [row.name for row in rows]
        return rows[names.index(before) + 1 if before in names else 0 :][:limit]

    async def plan(self, application: str, environment: str, release: str | None) -> PlanView:
        await self.environment(application, environment)
        return PlanView(
            application,
            environment,
            release or "v2",
            "canary",
            CANARY_PLAN,
            "sha256:feed",
            ("", "", "5% of visitors", "", "", "", ""),
        )

    async def start(self, new: NewRollout, actor: str, key: str | None = None) -> RolloutView:
        self.actors.append(actor)
        self.keys.append(key)
        if key in self.answers:
            return self._view(self.answers[key or ""])
        await self.environment(new.application, new.environment)
        await self.release(new.application, new.release)
        place = f"{new.application}/{new.environment}"
        if (held := self.states[place].rollout) is not None:
            raise ConflictError(
                f"rollout {held} holds {place}", advice=f"follow it: rollway events {held}, or abort it"
            )
        id_ = self.admit(
            f"r{len(self.happened):011}", place, new.release, unwatched=new.unwatched, reason=new.reason
        )
        if key:
            self.answers[key] = id_
        self._go(id_)
        return self._view(id_)

    def _go(self, id_: str) -> None:
        asyncio.get_running_loop().call_soon(lambda: self.happen(id_, *self.goes(id_)))

    async def rollout(self, id_: str) -> RolloutView:
        return self._view(id_)

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
        rows = [
            self._row(id_) for id_ in sorted(self.happened, reverse=True) if before is None or id_ < before
        ]
        return [
            row
            for row in rows
            if application in (None, row.application)
            and environment in (None, row.environment)
            and (not phases or row.phase in phases)
            and (unfinished is None or unfinished != row.ended)
        ][:limit]

    def _row(self, id_: str) -> Summary:
        state = rollout.fold(self.happened[id_])
        return rollout_summary(state, "here", BEGAN)

    async def facts(self, id_: str, after: int = 0) -> Sequence[e.Fact]:
        self._view(id_)
        return self.happened[id_][after:]

    async def changed(self, id_: str, after: int, timeout: float) -> bool:
        if len(self.happened[id_]) <= after:
            try:
                await asyncio.wait_for(self.news.wait(), timeout)
            except TimeoutError:
                return False
        return len(self.happened[id_]) > after

    async def abort(self, id_: str, actor: str, reason: str = "", key: str | None = None) -> RolloutView:
        if self._view(id_).state.phase.ended:
            raise ConflictError(f"rollout {id_} has ended")
        self.happen(id_, e.AbortRequested(reason=reason or "aborted"), actor=actor)
        return self._view(id_)

    def _says(self, id_: str, event: e.RolloutEvent, actor: str, key: str | None) -> RolloutView:
        self.actors.append(actor)
        self.keys.append(key)
        if key is None or key not in self.answers:
            state = self._view(id_).state
            if state.phase.ended or state.taking_back:
                raise ConflictError(f"rollout {id_} is being taken back or has ended")
            self.happen(id_, event, actor=actor)
            self.answers |= {key: id_} if key else {}
        return self._view(id_)

    async def pause(self, id_: str, actor: str, reason: str = "", key: str | None = None) -> RolloutView:
        return self._says(id_, e.PauseRequested(reason=reason), actor, key)

    async def resume(self, id_: str, actor: str, key: str | None = None) -> RolloutView:
        if self._view(id_).state.phase is not Phase.PAUSED:
            raise ConflictError(f"rollout {id_} is not paused")
        return self._says(id_, e.ResumeRequested(), actor, key)

    async def promote(
        self, id_: str, actor: str, *, full: bool = False, key: str | None = None
    ) -> RolloutView:
        step = self._view(id_).state.step
        event = e.FullPromotionRequested(step=step) if full else e.PromoteRequested(step=step)
        return self._says(id_, event, actor, key)

    async def retry(self, id_: str, actor: str, reason: str = "", key: str | None = None) -> RolloutView:
        before = self._view(id_).state
        if not before.phase.ended:
            raise ConflictError(f"rollout {id_} goes on")
        admitted = before.admitted
        place = f"{admitted.application}/{admitted.environment}"
        new = self.admit(f"r{len(self.happened):011}", place, admitted.release, retry_of=id_, reason=reason)
        self._go(new)
        return self._view(new)

    async def logs(self, id_: str, lines: int = 20) -> Sequence[InstanceOutput]:
        state = self._view(id_).state
        return [
            InstanceOutput("i1", state.group, CANARY, "v2", True, ("v2 begins", *self.written)[-lines:]),
            InstanceOutput("i0", state.stable or "", STABLE, "v1", False, ("v1 \x1b[31mends",)),
        ]

    async def history(
        self, application: str, environment: str, limit: int = 50, before: str | None = None
    ) -> Sequence[PastRollout]:
        state = (await self.environment(application, environment)).state
        rows = await self.rollouts(application=application, environment=environment, before=before)
        promoted = {record.rollout for record in state.promoted}
        return [PastRollout(row, stable=row.stream.partition(":")[2] in promoted) for row in rows][:limit]

    async def rollback(
        self,
        application: str,
        environment: str,
        to: str | None,
        actor: str,
        reason: str = "",
        key: str | None = None,
    ) -> RolloutView:
        state = (await self.environment(application, environment)).state
        if state.rollout:
            self.happen(state.rollout, e.AbortRequested(reason=reason or "rolled back"), actor=actor)
            self._go(state.rollout)
            return self._view(state.rollout, f"ends rollout {state.rollout}")
        if not state.promoted:
            raise ConflictError(f"{state.place} has no earlier release to go back to")
        id_ = self.admit(f"r{len(self.happened):011}", state.place, to or "v0", strategy="rollback")
        self._go(id_)
        return self._view(id_)

    async def environment(self, application: str, environment: str) -> EnvironmentView:
        place = f"{application}/{environment}"
        if place not in self.states:
            raise NotFoundError(f"there is no environment {place}")
        state = self.states[place]
        seen = [
            Instance(f"i{n}", state.stable, Health.HEALTHY, Address("127.0.0.1", 9000 + n)) for n in range(3)
        ] if state.stable else []  # fmt: skip
        driver = self.drivers.get(place, Driver())
        if driver.problem:
            return EnvironmentView(state, None, driver=driver)
        return EnvironmentView(state, seen, RouterState(True, state.split), driver)

    async def environments(self, application: str | None = None) -> Sequence[EnvironmentView]:
        places = [place.split("/") for place in self.states]
        return [await self.environment(*place) for place in places if application in (None, place[0])]

    def plugins(self) -> Sequence[PluginView]:
        return [
            PluginView("strategy", "canary", "rollway", "1", ("weights",), "A little at a time"),
            PluginView("target", "moon", "moonbase", "2", problem="ImportError: no moon"),
        ]

    async def ready(self) -> str:
        return self.waiting

    def daemons(self) -> Sequence[Seen]:
        return (
            self.others or rollcall.sole(Member("here:1:ab", "here", "http://127.0.0.1:7700", "1.0")).daemons
        )

    async def doctor(self, plugins: Collection[tuple[str, str]] = ()) -> Sequence[Finding]:
        named = [Finding(f"{kind} {name}", "it is loaded", part="plugins") for kind, name in plugins]
        return [*self.found, *named]
