"""The use cases: what the public API offers, on the engine."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace

from rollway.config import parse_settings, refuse_unbuilt
from rollway.domain import events as e
from rollway.domain.decisions import GroupHealth
from rollway.domain.environment import ROLLBACK, EnvironmentState, StableRecord
from rollway.domain.findings import Finding
from rollway.domain.names import place as place_of
from rollway.domain.names import rollout_stream
from rollway.domain.rollout import RolloutState
from rollway.engine.artifacts import ArtifactFolder
from rollway.engine.catalogue import Catalogue, plugin_views
from rollway.engine.commands import Commands, name_of
from rollway.engine.compiling import Compiled, Wish, bound, compile_rollout, environment_of, placed
from rollway.engine.engine import Engine
from rollway.engine.idempotency import Answer, Call, Keys
from rollway.engine.journal import Journal, Proposal
from rollway.engine.outputs import Outputs
from rollway.engine.ports import Clock, Identifiers
from rollway.engine.readiness import Readiness
from rollway.engine.rollcall import Driver, RollCall, Seen, driver_of, sole
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
from rollway.engine.watch import Span
from rollway.errors import ConflictError, NotBuiltError, NotFoundError, Refusal, RollwayError
from rollway.plugin.registry import Registry
from rollway.store.protocol import (
    AlreadyRemembered,
    ApplicationRow,
    Json,
    Member,
    ReleaseRow,
    Store,
    Summary,
)

NEXT = "next release"
"""What a plan calls the release that nobody named; no release can have this name."""

END_DEADLINE = 60.0
"""Seconds that a rollback waits for the running rollout to end before it starts its own."""


ALONE = sole(Member("", "", "", ""))
"""All daemons there are where nobody says otherwise."""

Doctor = Callable[[Collection[tuple[str, str]]], Awaitable[Sequence[Finding]]]
"""Looks at everything this daemon rests on, and at the plugins in use and those named (kind, name)."""


@dataclass(frozen=True, slots=True)
class World:
    """What the use cases act on; `database` is how to name it to another daemon, without a password."""

    store: Store
    journal: Journal
    engine: Engine
    artifacts: ArtifactFolder
    registry: Registry
    clock: Clock
    identifiers: Identifiers
    node: str = ""
    daemons: Callable[[], RollCall] = lambda: ALONE
    database: str = ""
    doctor: Doctor | None = None


class Service:
    """Implements `rollway.engine.usecases.UseCases`; see there."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store
        self._journal = world.journal
        self._engine = world.engine
        self._keys = Keys(world.store, world.clock)
        self._catalogue = Catalogue(world.store, world.artifacts, world.registry, world.clock)
        self._commands = Commands(world.journal, world.engine, self._keys)
        self._outputs = Outputs(world.journal, world.engine)
        self._readiness = Readiness(world.store, world.clock)
        self._news: dict[str, asyncio.Event] = {}
        world.journal.on_change(self._announce)

    async def apply(self, name: str, settings: Json, actor: str) -> Applied:
        """See `UseCases.apply`."""
        return await self._catalogue.apply(name, settings, actor)

    async def application(self, name: str) -> ApplicationRow:
        """See `UseCases.application`."""
        return await self._catalogue.application(name)

    async def applications(self) -> Sequence[ApplicationRow]:
        """See `UseCases.applications`."""
        return await self._store.applications()

    async def put_artifact(self, digest: str, chunks: AsyncIterator[bytes]) -> bool:
        """See `UseCases.put_artifact`."""
        return await self._world.artifacts.put(digest, chunks)

    async def has_artifact(self, digest: str) -> bool:
        """See `UseCases.has_artifact`."""
        return await self._catalogue.has_artifact(digest)

    async def register(self, new: NewRelease, actor: str) -> ReleaseRow:
        """See `UseCases.register`."""
        return await self._catalogue.register(new, actor)

    async def release(self, application: str, name: str) -> ReleaseRow:
        """See `UseCases.release`."""
        return await self._catalogue.release(application, name)

    async def releases(self, application: str, limit: int, before: str | None) -> Sequence[ReleaseRow]:
        """See `UseCases.releases`."""
        return await self._catalogue.releases(application, limit, before)

    async def plan(self, application: str, environment: str, release: str | None) -> PlanView:
        """See `UseCases.plan`."""
        row = await self._store.release(application, release) if release else None
        wish = Wish(application, environment, release or NEXT)
        compiled = await self._compiled(wish, row)
        admitted = compiled.admitted
        plan = admitted.plan
        if release and row is None:
            note = f"release {release} is not known yet; planned as if it existed"
            plan = replace(plan, warnings=(*plan.warnings, note))
        return PlanView(
            application,
            environment,
            wish.release,
            admitted.strategy,
            plan,
            admitted.plan_digest,
            compiled.notes,
        )

    async def start(self, new: NewRollout, actor: str, key: str | None = None) -> RolloutView:
        """See `UseCases.start`."""
        call = Call(actor, key, f"start {new}")
        if (answered := await self._answered(call)) is not None:
            return answered
        _refuse_wish(new)
        wish = Wish(new.application, new.environment, new.release, new.unwatched, new.reason)
        release = await self.release(wish.application, wish.release)
        state = await self._journal.environment(place_of(wish.application, wish.environment))
        if state.stable_release == wish.release:
            return await self._already_stable(state, wish, call)
        return await self._admit(wish, release, call)

    async def retry(self, id_: str, actor: str, reason: str = "", key: str | None = None) -> RolloutView:
        """See `UseCases.retry`."""
        call = Call(actor, key, f"retry {id_}")
        if (answered := await self._answered(call)) is not None:
            return answered
        before = (await self.rollout(id_)).state
        _refuse_retry(before)
        past = before.admitted
        wish = Wish(
            past.application,
            past.environment,
            past.release,
            reason=reason,
            rollback=past.strategy == ROLLBACK,
            retry_of=id_,
        )
        release = await self.release(wish.application, wish.release)
        state = await self._journal.environment(place_of(wish.application, wish.environment))
        _refuse_busy(state)
        if state.stable_release == wish.release:
            return await self._already_stable(state, wish, call)
        return await self._admit(wish, release, call)

    async def rollout(self, id_: str) -> RolloutView:
        """See `UseCases.rollout`."""
        state = await self._journal.rollout(id_)
        if state is None:
            raise NotFoundError(
                f"there is no rollout {id_!r}", advice="`rollway status` shows what is running"
            )
        if state.phase.ended:
            return RolloutView(state, await self._health(state))
        at_work = self._engine.rollout_at_work(id_)
        watch = at_work.watch if at_work else await self._engine.watch_of(state)
        judgements = watch.judgements() if state.shifted else {}
        hold = Span(observe=state.step, anew=state.observed_anew)  # what is kept of it while it is paused
        driver = self._driver(state.place, state.node)
        return RolloutView(state, await self._health(state), judgements, watch.watched(hold), driver=driver)

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
        """See `UseCases.rollouts`."""
        return await self._store.summaries(
            kind="rollout",
            application=application,
            environment=environment,
            phases=phases,
            unfinished=unfinished,
            limit=limit,
            before=rollout_stream(before) if before else None,
        )

    async def logs(self, id_: str, lines: int = 20) -> Sequence[InstanceOutput]:
        """See `UseCases.logs`."""
        return await self._outputs.of((await self.rollout(id_)).state, lines)

    async def history(
        self, application: str, environment: str, limit: int = 50, before: str | None = None
    ) -> Sequence[PastRollout]:
        """See `UseCases.history`."""
        environment_of(await self._catalogue.deployment(application), environment)
        state = await self._journal.environment(place_of(application, environment))
        rows = await self.rollouts(
            application=application, environment=environment, limit=limit, before=before
        )
        promoted = {record.rollout: record for record in state.promoted}
        return [_past(row, promoted.get(row.stream.partition(":")[2]), state.stable) for row in rows]

    async def facts(self, id_: str, after: int = 0) -> Sequence[e.Fact]:
        """See `UseCases.facts`."""
        await self.rollout(id_)
        return await self._journal.facts(rollout_stream(id_), after)

    async def changed(self, id_: str, after: int, timeout: float) -> bool:
        """See `UseCases.changed`."""
        news = self._news.setdefault(rollout_stream(id_), asyncio.Event())
        state = await self._journal.rollout(id_)
        if state is not None and state.seq > after:
            return True
        try:
            async with asyncio.timeout(timeout):
                await news.wait()
        except TimeoutError:
            return False
        return True

    async def abort(self, id_: str, actor: str, reason: str = "", key: str | None = None) -> RolloutView:
        """See `UseCases.abort`."""
        call = Call(actor, key, f"abort {id_}")
        if await self._answered(call) is None:
            await self._commands.abort((await self.rollout(id_)).state, call, reason)
        return await self.rollout(id_)

    async def pause(self, id_: str, actor: str, reason: str = "", key: str | None = None) -> RolloutView:
        """See `UseCases.pause`."""
        call = Call(actor, key, f"pause {id_}")
        if await self._answered(call) is None:
            await self._commands.pause((await self.rollout(id_)).state, call, reason)
        return await self.rollout(id_)

    async def resume(self, id_: str, actor: str, key: str | None = None) -> RolloutView:
        """See `UseCases.resume`."""
        call = Call(actor, key, f"resume {id_}")
        if await self._answered(call) is None:
            await self._commands.resume((await self.rollout(id_)).state, call)
        return await self.rollout(id_)

    async def promote(
        self, id_: str, actor: str, *, full: bool = False, key: str | None = None
    ) -> RolloutView:
        """See `UseCases.promote`."""
        call = Call(actor, key, f"promote {id_} {full}")
        if await self._answered(call) is None:
            await self._commands.promote((await self.rollout(id_)).state, call, full=full)
        return await self.rollout(id_)

    async def rollback(
        self,
        application: str,
        environment: str,
        to: str | None,
        actor: str,
        reason: str = "",
        key: str | None = None,
    ) -> RolloutView:
        """See `UseCases.rollback`."""
        call = Call(actor, key, f"rollback {application}/{environment} {to}")
        if (answered := await self._answered(call)) is not None:
            return answered
        environment_of(await self._catalogue.deployment(application), environment)
        state = await self._journal.environment(place_of(application, environment))
        if state.rollout is not None and (await self.rollout(state.rollout)).state.promoted:
            state = await self._until_free(state)  # too late to end it: back from what it brought
        if state.rollout is not None:
            said = reason or f"rolled back by {name_of(actor)}"
            if to is None or to == state.stable_release:
                return await self._end(state.rollout, call, said)
            there = await self.release(application, to)  # nothing is ended for what cannot begin
            await self._world.artifacts.kept(there.artifact, to)
            await self.abort(state.rollout, actor, said)
            state = await self._until_free(state)
        release = to or _last_good(state)
        if release == state.stable_release:
            return await self._already_stable(state, Wish(application, environment, release), call)
        row = await self.release(application, release)
        wish = Wish(application, environment, release, reason=reason, rollback=True)
        return await self._admit(wish, row, call)

    async def environment(self, application: str, environment: str) -> EnvironmentView:
        """See `UseCases.environment`."""
        environment_of(await self._catalogue.deployment(application), environment)
        return await self._view(place_of(application, environment))

    async def environments(self, application: str | None = None) -> Sequence[EnvironmentView]:
        """See `UseCases.environments`."""
        rows = await self.applications() if application is None else [await self.application(application)]
        places = [
            place_of(row.name, name)
            for row in rows
            for name in parse_settings(row.settings, self._world.registry).environments
        ]
        return [await self._view(place) for place in places]

    def plugins(self) -> Sequence[PluginView]:
        """See `UseCases.plugins`."""
        return plugin_views(self._world.registry)

    async def ready(self) -> str:
        """See `UseCases.ready`."""
        return await self._readiness.trouble() or self._uncounted() or self._engine.waits_for()

    def _uncounted(self) -> str:
        """Nothing is driven by a daemon that the others do not know of; empty where they do, or there are none."""
        known = any(each.me for each in self._world.daemons().daemons)
        return "" if known else "this daemon has not given its first sign of life to the others yet"

    def daemons(self) -> Sequence[Seen]:
        """See `UseCases.daemons`."""
        return sorted(self._world.daemons().daemons, key=lambda each: (not each.me, each.member.node))

    async def doctor(self, plugins: Collection[tuple[str, str]] = ()) -> Sequence[Finding]:
        """See `UseCases.doctor`."""
        return await self._world.doctor(plugins) if self._world.doctor else ()

    def _driver(self, place: str, node: str) -> Driver:
        return driver_of(place, node, self._world.daemons(), self._world.database)

    def _now(self) -> float:
        return self._world.clock.now()

    def _announce(self, stream: str) -> None:
        event = self._news.pop(stream, None)
        if event is not None:
            event.set()

    async def _compiled(self, wish: Wish, release: ReleaseRow | None) -> Compiled:
        deployment = await self._catalogue.deployment(wish.application)
        refuse_unbuilt(deployment)
        environment_of(deployment, wish.environment)
        place = place_of(wish.application, wish.environment)
        state = await self._journal.environment(place)
        baseline = await self._engine.baseline(place)
        return compile_rollout(wish, deployment, release, state, baseline, self._world.registry, self._now())

    async def _answered(self, call: Call) -> RolloutView | None:
        """The first answer to this call, as it stands now; None where it is the first."""
        answer = await self._keys.answered(call)
        return replace(await self.rollout(answer.rollout), outcome=answer.outcome) if answer else None

    async def _admit(self, wish: Wish, release: ReleaseRow, call: Call) -> RolloutView:
        place = place_of(wish.application, wish.environment)
        rollout, group = self._world.identifiers.new(), self._world.identifiers.new()
        planned_on = (
            await self._journal.environment(place)
        ).stable  # before: it may change while it is compiled
        compiled = await self._compiled(wish, release)
        artifact = str(await self._world.artifacts.kept(release.artifact, release.name))
        admitted = bound(compiled.admitted, rollout, group, artifact)

        def propose(_: RolloutState | None, state: EnvironmentState) -> Proposal:
            _refuse_busy(state)
            if state.stable != planned_on:
                raise ConflictError(f"{place} changed meanwhile", advice="try again")
            there = placed(admitted, state, self._world.node, self._world.registry)
            return Proposal((there,), (there,))

        remember = self._keys.remember(call, Answer(rollout))
        try:
            await self._journal.change(place, propose, rollout=rollout, actor=call.actor, remember=remember)
        except (ConflictError, AlreadyRemembered):  # perhaps the same call, made at the same time
            if (answered := await self._answered(call)) is None:
                raise
            return answered
        self._engine.wake(rollout=rollout, place=place)
        return await self.rollout(rollout)

    async def _already_stable(self, state: EnvironmentState, wish: Wish, call: Call) -> RolloutView:
        """Nothing to do, or the end of what runs: the release is stable."""
        if state.rollout is not None and not (await self.rollout(state.rollout)).state.promoted:
            said = wish.reason or f"{wish.release} is deployed again by {name_of(call.actor)}"
            return await self._end(state.rollout, call, said)
        promoted = state.promoted[-1].rollout
        return replace(
            await self.rollout(promoted), outcome=f"{wish.release} is stable already; nothing to do"
        )

    async def _end(self, rollout: str, call: Call, reason: str) -> RolloutView:
        """End what runs instead of starting something; the same call again finds that it did."""
        state = (await self.rollout(rollout)).state
        outcome = f"the rollout of {state.admitted.release} is being taken back"
        await self._commands.abort(state, call, reason, outcome)
        return replace(await self.rollout(rollout), outcome=outcome)

    async def _until_free(self, state: EnvironmentState) -> EnvironmentState:
        until = self._world.clock.monotonic() + END_DEADLINE
        while self._world.clock.monotonic() < until:
            now = await self._journal.environment(state.place)
            if now.rollout is None:
                return now
            running = await self.rollout(now.rollout)
            await self.changed(now.rollout, running.state.seq, 1.0)
        raise ConflictError(f"{state.place} is still being taken back", advice="try again when it has ended")

    async def _health(self, state: RolloutState) -> dict[str, GroupHealth]:
        at_work = self._engine.environment_at_work(
            place_of(state.admitted.application, state.admitted.environment)
        )
        return at_work.health(state.admitted_at) if at_work else {}

    async def _view(self, place: str) -> EnvironmentView:
        state = await self._journal.environment(place)
        at_work = self._engine.environment_at_work(place)
        driver = self._driver(place, state.node)
        if at_work is None:
            elsewhere = driver.daemon is None or not driver.daemon.me
            return EnvironmentView(state, None if elsewhere and state.groups else (), driver=driver)
        return EnvironmentView(state, at_work.seen, await at_work.router_state(), driver)


def _refuse_wish(new: NewRollout) -> None:
    if new.unwatched and not new.reason.strip():
        raise RollwayError("an unwatched rollout needs a reason: it is shown for ever", advice="say why")
    if new.on_busy not in (None, "refuse"):
        said = f"{new.on_busy!r} is not built yet; a busy environment refuses"
        raise NotBuiltError([Refusal(None, None, None, "on_busy", said)])


def _refuse_retry(state: RolloutState) -> None:
    what, admitted = f"rollout {state.id} of {state.admitted.release}", state.admitted
    if not state.phase.ended:
        raise ConflictError(f"{what} goes on: {state.phase}", advice=f"follow it: rollway watch {state.id}")
    if state.promoted:
        deploy = f"rollway deploy {admitted.application}/{admitted.environment} --release {admitted.release}"
        raise ConflictError(f"{what} was promoted: there is nothing to retry", advice=f"again: {deploy}")


def _past(row: Summary, record: StableRecord | None, stable: str | None) -> PastRollout:
    if record is None:
        return PastRollout(row)
    return PastRollout(row, record.taken_back, record.group == stable)


def _refuse_busy(state: EnvironmentState) -> None:
    if state.rollout is not None:
        release = state.last.release if state.last else "?"
        raise ConflictError(
            f"rollout {state.rollout} of {release} holds {state.place}",
            advice=f"wait for it, or end it with `rollway abort {state.rollout}`",
        )


def _last_good(state: EnvironmentState) -> str:
    """The last promoted release before the one that is stable, not taken back since. Raises NotFoundError."""
    for record in reversed(state.promoted):
        if record.release != state.stable_release and not record.taken_back:
            return record.release
    raise NotFoundError(
        f"{state.place} has no earlier good release to go back to",
        advice="name one with --to, or deploy a fixed one",
    )
