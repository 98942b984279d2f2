"""One environment at work: it keeps every group's instances at their wanted number, and the router at the log's split.

It alone talks to the target, and to the router except for the lowering of a bad release, which waits for nobody.
"""

import asyncio
import logging
import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from dataclasses import replace
from functools import partial

from rollway.domain import events as e
from rollway.domain import turning_back, upkeep
from rollway.domain.decisions import GroupHealth
from rollway.domain.effects import Effect, Mark, Token
from rollway.domain.environment import EnvironmentState, GroupState
from rollway.domain.instances import Instance
from rollway.domain.plan import Shift
from rollway.domain.rollout import RolloutState
from rollway.domain.split import Split
from rollway.domain.traffic import RouterState, Routing
from rollway.engine.effects import Trouble, call
from rollway.engine.groups import as_group, health_of
from rollway.engine.journal import Journal, Proposal, Propose
from rollway.engine.ownership import Fence
from rollway.engine.ports import Clock, Identifiers
from rollway.plugin.kinds import Router, StaleToken, Target
from rollway.store.protocol import Fenced

log = logging.getLogger(__name__)

ROUTING = "routing"
LOOK_EVERY = 0.25
LOOK_AT_REST = 1.0
OBSERVE_DEADLINE = 5.0
START_DEADLINE = 120.0
STOP_DEADLINE = 3600.0
FORGET_DEADLINE = 60.0
ROUTER_DEADLINE = 15.0
ROUTER_ASKED_EVERY = 10.0
OUTPUT_LINES = 10

FORGOTTEN = "the router had forgotten everything while no daemon watched, also whether this release was taken out already"


class EnvironmentAtWork:
    """Serves one environment as long as this daemon owns it."""

    def __init__(
        self,
        place: str,
        journal: Journal,
        fence: Fence,
        clock: Clock,
        identifiers: Identifiers,
        target_named: Callable[[str], Awaitable[Target]],
        router_named: Callable[[str], Awaitable[Router]],
        changed: Callable[[], None],
        renewed: Callable[[int], Awaitable[Fence]],
    ) -> None:
        self.place = place
        self._journal = journal
        self._fence = fence
        self._clock = clock
        self._ids = identifiers
        self._target_named = target_named
        self._router_named = router_named
        self._changed = changed
        self._renewed = renewed
        self._strangers: Set[str] = frozenset()
        self.acquainted = False
        self._seen: dict[str, Instance] | None = None
        self._outputs: dict[str, tuple[str, ...]] = {}
        self._applied: Routing | None = None
        self._routing = asyncio.Lock()
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._marks: tuple[Mark, ...] | None = None
        self._withheld: dict[str, Mark] = {}
        self._asked = clock.monotonic() - _spread(place, ROUTER_ASKED_EVERY)
        self.router_trouble = ""

    async def advance(self) -> float:
        """One look: do what is due, and say when to look again (unix seconds)."""
        try:
            await self._look_after()
        except Trouble as trouble:
            log.warning("%s; looking again", trouble, extra={"subject": self.place})
        return self._next_look()

    async def _look_after(self) -> None:
        state = await self._journal.environment(self.place)
        try:
            await self._read_marks(state)
        except Trouble as trouble:  # without them nothing is routed, but instances are looked after
            self.router_trouble = str(trouble)
        self.acquainted = True
        state = self._journal.known_environment(self.place) or state
        seen = await self._look(state)
        for chore in upkeep.chores(state, seen, self._clock.now()):
            await self._do(chore, state)
        await self._clear_strangers(seen)
        # Beside the loop: a router that hangs keeps nobody from seeing that an instance died.
        self._begin(ROUTING, self._keep_routing)

    @property
    def fence(self) -> Fence:
        """By which its owner's acts are told from those of whoever had it before."""
        return self._fence

    @property
    def marks(self) -> tuple[Mark, ...]:
        """What was lowered before its record, or may have been, as this daemon found it on the node."""
        return self._marks or ()

    def withhold(self, mark: Mark) -> None:
        """This group was lowered before its record: it gets no weight again, also of a router that has forgotten it."""
        self._withheld.setdefault(mark.group, mark)

    @property
    def seen(self) -> tuple[Instance, ...]:
        """The instances as last seen."""
        return tuple((self._seen or {}).values())

    def health(self, since: float) -> dict[str, GroupHealth]:
        """Each group's health as last seen; empty until somebody looked."""
        state = self._journal.known_environment(self.place)
        if state is None or self._seen is None:
            return {}
        health = health_of(state, self._seen, since)
        return {id_: replace(h, output=h.output or self._output_of(state, id_)) for id_, h in health.items()}

    @property
    def routed(self) -> bool:
        """Whether the router was given what the log says."""
        state = self._journal.known_environment(self.place)
        return state is None or state.last is None or self._wanted(state) == self._applied

    def _wanted(self, state: EnvironmentState) -> Routing:
        return upkeep.routing(state, self._seen or {}, tuple(self._withheld.values()))

    async def router(self, state: EnvironmentState | None = None) -> Router | None:
        """The environment's router; None before its first rollout."""
        state = state or await self._journal.environment(self.place)
        return await self._router_named(state.last.router) if state.last else None

    @property
    def _router_name(self) -> str:
        state = self._journal.known_environment(self.place)
        return state.last.router if state and state.last else ""

    async def router_state(self) -> RouterState | None:
        """What is in force at the router."""
        router = await self.router()
        return await router.observe(self.place) if router else None

    async def sync(self, key: str) -> None:
        """Bring the router to what the log says now; returns when it is in force. Raises Trouble."""
        async with self._routing:
            await self._bring(key)

    async def _bring(self, key: str) -> None:
        for _ in range(3):
            try:
                return await self._reconcile(key)
            except StaleToken:
                # A later effect of ours came first; what it did not include, this one does.
                continue
        raise Trouble("the router has seen a newer owner of this environment")

    def close(self) -> None:
        """Stop what is under way; the target finds the rest when it is looked at again."""
        for task in self._busy.values():
            task.cancel()

    async def _reconcile(self, key: str) -> None:
        router = await call("the router", self.router(), ROUTER_DEADLINE)
        if router is None:
            return
        state = await self._journal.environment(self.place)
        if self._seen is None:
            # Nobody has looked yet: a routing made now would take the endpoints away from what serves.
            await self._look(state)
        await self._read_marks(state)
        await self._heed(state)
        state = self._journal.known_environment(self.place) or state
        self._spare_strangers(state)
        wanted, effect = self._wanted(state), self._effect(key)
        self._applied = None  # what a call does that fails, or never comes back, is not known
        await call("the router", router.reconcile(wanted, effect), ROUTER_DEADLINE, self._router_name)
        self._applied = wanted

    async def _keep_routing(self) -> None:
        state = await self._journal.environment(self.place)
        if state.last is None:
            return
        if self._wanted(state) == self._applied and not await self._is_lost():
            return
        try:
            await self.sync(f"{self.place}:upkeep")
            self.router_trouble = ""
        except (Trouble, StaleToken) as trouble:
            self.router_trouble = str(trouble)
            log.warning("the router could not be brought to the log's routing: %s", trouble)

    async def _is_lost(self) -> bool:
        """Now and then: whether the router has forgotten what it was given last. A mark explains less weight."""
        now = self._clock.monotonic()
        if now - self._asked < ROUTER_ASKED_EVERY:
            return False
        self._asked = now
        async with self._routing:
            given = self._applied
            try:
                found = await call("the router", self.router_state(), ROUTER_DEADLINE)
            except Trouble:
                return False
        if given is None or found is None or not found.running:
            return False
        if found.marks:
            self._know(found.marks)
            state = await self._journal.environment(self.place)
            return any(mark.group not in state.groups for mark in found.marks)  # of a lowering that came late
        if found.split is not None:
            if _whole(found.split) == _whole(given.split):
                return False
            what = f"the router had {dict(found.split.shares)}, it was given {dict(given.split.shares)}"
            log.warning("drift: %s", what)
            await self._record(e.DriftFound(what=what))
        return True

    async def _read_marks(self, state: EnvironmentState) -> None:
        """Once, before the first effect: a lowering that came before its record is known by its mark. Raises Trouble."""
        if self._marks is not None or state.last is None:
            return
        found = await call("the router", self.router_state(), ROUTER_DEADLINE)
        if found is None:
            return
        if found.token is not None and self._fence.is_behind(found.token, state.seq):
            state = await self._catch_up(state, found.token)
        if found.running and found.split is not None and _whole(found.split).keys() - state.groups.keys():
            seen = await self._look(state)
            self._strangers = turning_back.serving_strangers(state, seen, found.split.shares)
        if not found.remembers:
            self._know(await self._forgotten(state, found))
            return
        self._know(found.marks)
        if (
            found.running
            and found.split is not None
            and not found.marks
            and await self._drifted(state, found.split)
        ):
            what = f"the router had {dict(found.split.shares)}, the log says {dict(state.split.shares)}"
            log.warning("drift: %s", what)
            await self._record(e.DriftFound(what=what))

    async def _catch_up(self, state: EnvironmentState, token: Token) -> EnvironmentState:
        """The node has followed newer orders than the database knows of; all of this is recorded before any effect."""
        what = (
            f"the database was restored from an older copy: this node has followed it to event {token.seq} of epoch "
            f"{token.epoch}, it has {state.seq} events; instances and traffic are brought to what it says"
        )
        log.error("%s", what, extra={"subject": self.place})
        seen = await self._look(state)

        def propose(rollout: RolloutState | None, now: EnvironmentState) -> Proposal:
            news = turning_back.of_environment(now, seen, what)
            return Proposal(turning_back.of_rollout(rollout), news)

        await self._journal.change(self.place, propose, rollout=state.rollout, held=self._fence.held)
        # One more: a daemon may have come to the target, and not to the router, before it ended.
        self._fence = await self._renewed(token.epoch + 1)
        return await self._journal.environment(self.place)

    def _spare_strangers(self, state: EnvironmentState) -> None:
        """Raises Trouble as long as only groups that the log does not know can answer."""
        if not self._strangers:
            return
        seen = self._seen or {}
        if not turning_back.may_take_over(state, seen, self._wanted(state).split.shares):
            raise Trouble(
                f"{', '.join(sorted(self._strangers))} has the traffic, which the database does not know, and keeps it "
                f"until {state.stable_release or 'a release'} can take over"
            )
        self._strangers = frozenset()

    async def _clear_strangers(self, seen: Mapping[str, Instance]) -> None:
        """What runs and is not known is stopped, once the router has no request for it any more."""
        state = await self._journal.environment(self.place)
        groups = turning_back.strangers(state, seen)
        if groups and self._applied is not None and self.routed:
            for group in sorted(groups):
                self._begin(group, partial(self._forget_stranger, state, group))

    async def _forget_stranger(self, state: EnvironmentState, group: str) -> None:
        for name in sorted({known.admitted.target for known in state.groups.values()}):
            target, effect = await self._target_named(name), self._effect(f"{group}:forget")
            await call("the target", target.forget(group, effect), STOP_DEADLINE, name)
        what = f"group {group} ran here without traffic and is not known to the database; it was stopped"
        log.warning("drift: %s", what)
        await self._record(e.DriftFound(what=what))

    async def _heed(self, state: EnvironmentState) -> None:
        """What the log says is to be taken back gets nothing again, also before its lowering stands there.

        Unless there is nobody else to answer: then it waits for stable, as the rollout does.
        """
        rollout = await self._journal.rollout(state.rollout) if state.rollout else None
        if rollout is None or rollout.promoted or rollout.cause is None:
            return
        stable = state.groups.get(state.stable or "")
        if stable is None or upkeep.endpoints(stable, self._seen or {}):
            self.withhold(Mark(rollout.group, f"{rollout.id}:lower", rollout.cause.reason))

    def _know(self, marks: tuple[Mark, ...]) -> None:
        known = {mark.group: mark for mark in (*marks, *self.marks)}
        self._marks = tuple(known.values())
        for mark in marks:
            self.withhold(mark)
        if marks:
            self._changed()

    async def _drifted(self, state: EnvironmentState, found: Split) -> bool:
        """Whether the router differs from the log, and not for a shift that was under way when a daemon ended."""
        return _whole(found) != _whole(state.split) and not await self._is_shifting(state)

    async def _forgotten(self, state: EnvironmentState, found: RouterState) -> tuple[Mark, ...]:
        """What a router that remembers nothing may have known: whoever was lowered before its record.

        Only the first shift of all is carried out as if nothing had happened: there was nothing to be forgotten yet.
        """
        if state.stable is None and found.token is None and await self._is_shifting(state):
            return ()
        return tuple(
            Mark(group, f"{self.place}:forgotten", FORGOTTEN)
            for group, share in state.split.shares.items()
            if share and group != state.stable
        )

    async def _is_shifting(self, state: EnvironmentState) -> bool:
        rollout = await self._journal.rollout(state.rollout) if state.rollout else None
        step = rollout.current if rollout else None
        return bool(rollout and rollout.started and step and isinstance(step.does, Shift))

    async def _look(self, state: EnvironmentState) -> dict[str, Instance]:
        names = {group.admitted.target for group in state.groups.values()}
        found: dict[str, Instance] = {}
        for name in sorted(names):
            for instance in await call("the target", self._observed(name), OBSERVE_DEADLINE, name):
                found[instance.id] = instance
        before, self._seen = self._seen, found
        if before != found:
            await self._read_outputs(state, found)
            self._changed()
        return found

    async def _observed(self, target: str) -> Sequence[Instance]:
        return await (await self._target_named(target)).observe(self.place)

    async def _read_outputs(self, state: EnvironmentState, found: dict[str, Instance]) -> None:
        """The last lines of those that complain, so that a reason can carry them."""
        for group in state.groups.values():
            complaining = [i for i in group.alive() if i.id in found and found[i.id].detail]
            if complaining:
                self._outputs[group.id] = await self._output(group, complaining[-1].id)

    def _output_of(self, state: EnvironmentState, group: str) -> tuple[str, ...]:
        return self._outputs.get(group, ())

    async def output(self, target: str, instance: str, lines: int) -> tuple[str, ...]:
        """The last lines an instance wrote; empty where the target has none. Raises Trouble."""
        there = await self._target_named(target)
        return tuple(await call("the target", there.output(self.place, instance, lines), OBSERVE_DEADLINE))

    async def _output(self, group: GroupState, instance: str) -> tuple[str, ...]:
        try:
            return await self.output(group.admitted.target, instance, OUTPUT_LINES)
        except Trouble:
            return ()

    def _next_look(self) -> float:
        now = self._clock.now()
        state = self._journal.known_environment(self.place)
        if state is None:
            return now + LOOK_AT_REST
        restless = state.rollout is not None or bool(self._busy.keys() - {ROUTING})
        look = now + (LOOK_EVERY if restless else LOOK_AT_REST)
        due = upkeep.next_look(state, now)
        return min(look, due) if due is not None else look

    def _effect(self, key: str) -> Effect:
        state = self._journal.known_environment(self.place)
        return self._fence.effect(key, state.seq if state else 0)

    async def _record(self, *events: e.EnvironmentEvent) -> None:
        await self._change(lambda _, state: Proposal(environment=events))

    async def _change(self, propose: Propose) -> bool:
        return await self._journal.change(self.place, propose, held=self._fence.held)

    async def _do(self, chore: upkeep.Chore, state: EnvironmentState) -> None:
        group = state.groups[chore.group]
        match chore:
            case upkeep.StartInstance():
                await self._start_new(group)
            case upkeep.Restart(instance=instance):
                self._begin(instance, lambda: self._start(group, instance))
            case upkeep.RecordDeath(instance=instance, detail=detail):
                await self._record_death(group, instance, detail)
            case upkeep.TakeOut(instance=instance):
                await self._record(e.InstanceStopping(group=group.id, instance=instance))
            case upkeep.StopInstance(instance=instance, hard=hard):
                self._begin(instance, lambda: self._stop(group, instance, hard))
            case upkeep.CloseGroup():
                await self._close_group(group)
            case upkeep.ForgetGroup():
                self._begin(group.id, lambda: self._forget(group))

    def _begin(self, id_: str, work: Callable[[], Awaitable[None]]) -> None:
        """Start a longer piece of work beside the loop, once for each thing it is about."""
        if id_ in self._busy:
            return

        async def run() -> None:
            try:
                await work()
            except (Trouble, StaleToken, Fenced) as trouble:
                log.warning("%s", trouble, extra={"subject": id_})
            except Exception:  # the loop's top for this piece of work: it is due again at the next look
                log.exception("upkeep failed; trying again", extra={"subject": id_})
            finally:
                self._busy.pop(id_, None)

        self._busy[id_] = asyncio.create_task(run(), name=f"upkeep {id_}")

    async def _start_new(self, group: GroupState) -> None:
        """The id stands in the log before anything is started under it."""
        instance = self._ids.new()

        def propose(_: object, state: EnvironmentState) -> Proposal | None:
            now = state.groups.get(group.id)
            if now is None or len(now.alive()) >= now.wanted:
                return None
            return Proposal(environment=(e.InstanceStarting(group=group.id, instance=instance),))

        if await self._change(propose):
            self._begin(instance, lambda: self._start(group, instance))

    async def _start(self, group: GroupState, instance: str) -> None:
        target = await self._target_named(group.admitted.target)
        effect = self._effect(f"{instance}:start")
        try:
            start = target.start(as_group(group), instance, effect)
            await call("the target", start, START_DEADLINE, group.admitted.target)
        except Trouble as trouble:
            await self._record_death(group, instance, trouble.reason)

    async def _record_death(self, group: GroupState, instance: str, detail: str) -> None:
        output = await self._output(group, instance)
        died = e.InstanceDied(group=group.id, instance=instance, detail=detail, output=output)

        def propose(_: object, state: EnvironmentState) -> Proposal | None:
            known = state.groups[group.id].instances.get(instance) if group.id in state.groups else None
            return Proposal(environment=(died,)) if known and known.died is None else None

        if await self._change(propose):
            log.warning("instance %s of %s died: %s", instance, group.release, detail)
            self._changed()

    async def _stop(self, group: GroupState, instance: str, hard: bool) -> None:
        target = await self._target_named(group.admitted.target)
        effect = self._effect(f"{instance}:stop")
        stop = target.stop(as_group(group), instance, effect, hard=hard)
        await call("the target", stop, STOP_DEADLINE, group.admitted.target)
        stopped = e.InstanceStopped(group=group.id, instance=instance)

        def propose(_: object, state: EnvironmentState) -> Proposal | None:
            known = state.groups.get(group.id)
            return Proposal(environment=(stopped,)) if known and instance in known.instances else None

        await self._change(propose)

    async def _close_group(self, group: GroupState) -> None:
        router = await self.router()
        if router is not None:
            try:
                await call(
                    "the router", router.sever(self.place, group.id), ROUTER_DEADLINE, self._router_name
                )
            except Trouble as trouble:
                log.warning("connections of %s could not be closed: %s", group.release, trouble)
        await self._record(e.ConnectionsClosed(group=group.id))

    async def _forget(self, group: GroupState) -> None:
        async with self._routing:
            if not self.routed:
                await self._bring(f"{group.id}:routing")
        target = await self._target_named(group.admitted.target)
        effect = self._effect(f"{group.id}:forget")
        await call("the target", target.forget(group.id, effect), STOP_DEADLINE, group.admitted.target)
        gone = e.GroupGone(group=group.id)
        await self._change(
            lambda _, state: Proposal(environment=(gone,)) if group.id in state.groups else None
        )


def _spread(place: str, seconds: float) -> float:
    """A part of so many seconds, another for each place: what all of them do now and then is not done all at once."""
    return zlib.crc32(place.encode()) / 2**32 * seconds


def _whole(split: Split) -> dict[str, int]:
    """The shares that are any."""
    return {group: share for group, share in split.shares.items() if share}
