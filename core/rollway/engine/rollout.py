"""One rollout at work: load, fold, decide, act, again, until it must wait.

What `decide` says is carried out here; nothing is decided here. The one act that may precede its record is the
lowering of a bad release: it is started before anything is written, alone, and repeated until it is in force.
"""

import asyncio
import logging
from collections.abc import Callable

from structlog.contextvars import bind_contextvars

from rollway.domain import events as e
from rollway.domain import upkeep
from rollway.domain.decide import decide, trouble
from rollway.domain.decisions import (
    Act,
    Begin,
    CarryOut,
    CloseConnections,
    Decision,
    End,
    Evidence,
    Lower,
    Record,
    TakeAway,
    Wait,
)
from rollway.domain.effects import Mark
from rollway.domain.environment import EnvironmentState
from rollway.domain.observation import verdicts_against
from rollway.domain.plan import Observe, Promote, Shift, Verify
from rollway.domain.rollout import RolloutState
from rollway.domain.traffic import Address
from rollway.engine import record as records
from rollway.engine.baseline import TrackRecord
from rollway.engine.effects import Trouble, call
from rollway.engine.environment import EnvironmentAtWork
from rollway.engine.journal import Journal, Proposal, Propose
from rollway.engine.lowering import Lowering
from rollway.engine.meaning import margins_of, meaning, span_of
from rollway.engine.ports import Clock
from rollway.engine.sampling import Counters
from rollway.engine.watch import Watch
from rollway.plugin.kinds import Router
from rollway.store.protocol import Store, StoreUnavailable

log = logging.getLogger(__name__)

SHIFT_DEADLINE = 60.0
CLOSE_DEADLINE = 5.0
FLUSH_EVERY = 1.0
AT_MOST = 100
"""So many acts in one go; then others get their turn."""


class RolloutAtWork:
    """Serves one rollout until it ends."""

    def __init__(
        self,
        id_: str,
        environment: EnvironmentAtWork,
        router: Router,
        watch: Watch,
        journal: Journal,
        store: Store,
        clock: Clock,
        wake: Callable[[], None],
        record: Callable[[], TrackRecord] = TrackRecord,
    ) -> None:
        self.id = id_
        self.watch = watch
        self._environment = environment
        self._router = router
        self._journal = journal
        self._store = store
        self._clock = clock
        self._wake = wake
        self._record_now = record
        self._effect: tuple[str, asyncio.Task[None]] | None = None
        self._lowering = Lowering(router, environment.place, clock, wake)
        self._promoting = False
        self._flushed = 0.0
        self._flushing: asyncio.Task[None] | None = None
        self._waiting: tuple[str | None, float] = (None, 0.0)

    @property
    def place(self) -> str:
        """The environment's full name."""
        return self._environment.place

    async def advance(self) -> float | None:
        """Do what there is to do; when to look again, or None when woken. Raises StoreUnavailable."""
        for _ in range(AT_MOST):
            state = await self._state()
            bind_contextvars(step=state.step)
            self._attend(state)
            decision = decide(state, self.evidence(state), self._clock.now())
            if not isinstance(decision, Act):
                return await self._rest(state, decision)
            if not await self._act(state, decision):
                return None
        return self._clock.now()

    def evidence(self, state: RolloutState) -> Evidence:
        """What is known now beside the log."""
        return Evidence(
            judgements=self.watch.judgements() if state.shifted else {},
            watched=self.watch.watched(span_of(state)),
            waited=self._waited(state),
            health=self._environment.health(state.admitted_at),
            mark=self._mark(state),
        )

    def _waited(self, state: RolloutState) -> float:
        """Seconds that this daemon has waited for the current step; a daemon that takes over waits anew."""
        now = self._clock.monotonic()
        if self._waiting[0] != state.step_key:
            self._waiting = (state.step_key, now)
        return now - self._waiting[1]

    def abort_now(self, reason: str) -> None:
        """A person's abort was seen: begin to lower before it is recorded."""
        state = self._journal.known(self.id)
        if state is None or not state.shifted:
            return  # there is no traffic to take away; begun so early, it could end before the command is recorded
        if not state.promoted and not state.phase.ended and not self._promoting:
            cause = e.Cause(e.Because.ABORT, reason)
            decision = decide(
                state, Evidence(mark=cause, health=self._environment.health(state.admitted_at)), 0.0
            )
            if isinstance(decision, Act) and isinstance(decision.action, Lower):
                self._begin_lowering(state, decision.action)

    async def sampled(self, counters: Counters | None) -> None:
        """A reading of the router came: judge it, and look whether it decides anything."""
        state = self._journal.known(self.id)
        if state is None:
            return
        self._attend(state)
        by_role = None
        if counters is not None:
            by_role = {role: counters[g] for role, g in state.admitted.groups.items() if g in counters}
        await self.watch.sample(by_role, self._clock.now(), self._clock.monotonic(), self._addresses(state))
        state = self._journal.known(self.id)  # it may have gone on meanwhile
        if state is not None:
            self._judge(state)

    def _judge(self, state: RolloutState) -> None:
        """What the evidence of now decides; nobody is woken to find that there is nothing to do."""
        evidence = self.evidence(state)
        decision = decide(state, evidence, self._clock.now())
        if not self._lower_if_bad(state, evidence, decision):
            self._flush_beside()
        if not isinstance(decision, Wait):
            self._wake()

    def _addresses(self, state: RolloutState) -> dict[str, tuple[Address, ...]]:
        """By role: where the instances answer that get requests; nothing before the new release had any."""
        environment = self._journal.known_environment(self.place)
        if environment is None or not state.shifted:
            return {}
        seen = {instance.id: instance for instance in self._environment.seen}
        return {
            role: upkeep.endpoints(environment.groups[group], seen)
            for role, group in state.admitted.groups.items()
            if group in environment.groups
        }

    def _lower_if_bad(self, state: RolloutState, evidence: Evidence, decision: Decision) -> bool:
        """A failing verdict takes the weight away here and now; everything else may wait its turn."""
        if (
            self._promoting
            or state.promoted
            or state.taking_back
            or state.phase.ended
            or trouble(state, evidence) is None
        ):
            return False
        if isinstance(decision, Act) and isinstance(decision.action, Lower):
            self._begin_lowering(state, decision.action)
        return True

    def _flush_beside(self) -> None:
        """Write the samples of the last second; a store that takes its time keeps no sample from being judged."""
        due = self._clock.monotonic() - self._flushed >= FLUSH_EVERY
        if due and self._environment.fence.sure and (self._flushing is None or self._flushing.done()):
            self._flushing = asyncio.create_task(self._flush_or_say(), name=f"samples {self.id}")

    async def _flush_or_say(self) -> None:
        try:
            await self._flush()
        except StoreUnavailable as why:
            log.warning("samples could not be written, trying again: %s", why)

    async def flush(self) -> None:
        """Write every sample so far. Raises StoreUnavailable."""
        if self._flushing is not None:
            await asyncio.wait({self._flushing})
        if self._environment.fence.sure:
            await self._flush()

    async def _flush(self) -> None:
        self._flushed = self._clock.monotonic()
        rows = self.watch.take_rows()
        try:
            await self._store.record_measurements(rows)
        except BaseException:
            self.watch.give_back(rows)
            raise

    def close(self) -> None:
        """Stop what is under way; it is done again under the same key by whoever goes on."""
        self.watch.close()
        self._lowering.close()
        if self._flushing is not None:
            self._flushing.cancel()
        if self._effect is not None:
            self._effect[1].cancel()

    async def _state(self) -> RolloutState:
        state = await self._journal.rollout(self.id)
        if state is None:
            raise LookupError(f"no rollout {self.id}")
        return state

    def _attend(self, state: RolloutState) -> None:
        """Tell the watch what samples count for."""
        span = span_of(state)
        if span != self.watch.span:
            self.watch.begin(span, margins_of(state), self._clock.now(), state.record)

    def _mark(self, state: RolloutState) -> e.Cause | None:
        """A lowering that the log does not know: begun by us just now, or found as a mark on the node."""
        if state.taking_back or state.promoted:
            return None
        if self._lowering.cause is not None:
            return self._lowering.cause
        for mark in self._environment.marks:
            if mark.group == state.group:
                return e.Cause(e.Because.MARK, mark.reason)
        return None

    async def _rest(self, state: RolloutState, decision: Decision) -> float | None:
        match decision:
            case End(phase=phase, reason=reason):
                await self.flush()
                ended = e.RolloutEnded(rollout=self.id, phase=phase, reason=reason)
                await self._record(state, (ended,), (ended,))
                return None
            case Wait(until=until):
                return until
        return None

    async def _act(self, state: RolloutState, decision: Act) -> bool:
        """Carry out; False where the rest comes later, with a wake-up."""
        match decision.action:
            case Record(events=events):
                await self._record(state, events)
            case Begin():
                return await self._begin(state)
            case CarryOut():
                return self._carry_out(state)
            case Lower() as lower:
                return await self._lower(state, lower)
            case CloseConnections(group=group):
                await self._close_connections(state, group)
            case TakeAway(group=group):
                retired = e.GroupRetired(group=group, hard=True)
                await self._record(state, (retired,), (retired,))
        return True

    async def _record(
        self,
        decided_on: RolloutState,
        events: tuple[e.RolloutEvent, ...],
        environment: tuple[e.EnvironmentEvent, ...] = (),
    ) -> None:
        """Append, if the log still says what this was decided on; otherwise it is decided anew."""

        def propose(state: RolloutState | None, _: EnvironmentState) -> Proposal | None:
            return (
                Proposal(events, environment) if state is not None and state.seq == decided_on.seq else None
            )

        await self._change(propose)

    async def _change(self, propose: Propose) -> bool:
        held = self._environment.fence.held
        return await self._journal.change(self.place, propose, rollout=self.id, held=held)

    async def _begin(self, state: RolloutState) -> bool:
        step = state.current
        assert step is not None  # noqa: S101 - decide begins steps that exist
        record = records.taken(state, self.watch.specifications, self._record_now())
        started = e.StepStarted(step=state.step, key=f"{self.id}:{state.step}", record=record)
        finished = e.StepFinished(step=state.step)
        events, environment = meaning(state, step)
        if not isinstance(step.does, Shift | Verify | Observe):
            events = (*events, finished)
        # While a promotion is on its way to the log nothing is lowered: the group may be stable already.
        self._promoting = isinstance(step.does, Promote)
        try:
            await self._record(state, (started, *events), environment)
        finally:
            self._promoting = False
        return True

    def _carry_out(self, state: RolloutState) -> bool:
        """The effect of a Shift: begin it, or see how it went."""
        key = state.step_key or ""
        if self._effect is None or self._effect[0] != key:
            task = asyncio.create_task(self._shift(key), name=f"effect {key}")
            self._effect = (key, task)
            task.add_done_callback(self._effect_done)
        return False

    def _effect_done(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            log.warning("the effect is carried out again: %s", task.exception())
        self._wake()

    async def _shift(self, key: str) -> None:
        """In force, or tried until the deadline; then the step has failed. It is recorded either way."""
        state = await self._state()
        step = state.step
        try:
            async with asyncio.timeout(SHIFT_DEADLINE):
                await self._in_force(key)
            event: e.RolloutEvent = e.StepFinished(step=step)
        except TimeoutError:
            reason = (
                f"the split was not in force after {SHIFT_DEADLINE:g} s: {self._environment.router_trouble}"
            )
            event = e.StepFailed(step=step, reason=reason, hung=True)
        except Trouble as why:
            event = e.StepFailed(step=step, reason=why.reason, hung=why.hung)

        def propose(now: RolloutState | None, _: EnvironmentState) -> Proposal | None:
            return Proposal((event,)) if now and now.step_key == key and not now.taking_back else None

        try:
            await self._change(propose)
        finally:
            # Where it could not be recorded, it is carried out again under the same key.
            self._effect = None

    async def _in_force(self, key: str) -> None:
        for pause in (0.1, 0.3, 1.0, 3.0, None):
            try:
                await self._environment.sync(key)
            except Trouble as why:
                if pause is None:
                    raise
                log.warning("the shift is not in force, trying again: %s", why)
                await self._clock.sleep(pause)
            else:
                return

    async def _lower(self, state: RolloutState, action: Lower) -> bool:
        self._begin_lowering(state, action)
        if not state.taking_back:
            started = e.RollbackStarted(because=action.cause.because, reason=action.cause.reason)
            await self._record(state, (*verdicts_against(state, self.evidence(state)), started))
            return True
        if state.shifted and not self._lowering.in_force():
            return False
        lowered = e.WeightLowered(
            group=action.group,
            split=state.split.without(action.group, state.stable),
            reason=action.cause.reason,
        )
        await self._record(state, (lowered,), (lowered,))
        return True

    def _begin_lowering(self, state: RolloutState, action: Lower) -> None:
        if self._effect is not None and state.shifted:
            self._effect[1].cancel()
        mark = Mark(action.group, f"{self.id}:lower", action.cause.reason)
        if state.shifted:
            self._environment.withhold(mark)
        self._lowering.begin(action.cause, mark if state.shifted else None)

    async def _close_connections(self, state: RolloutState, group: str) -> None:
        try:
            await call("the router", self._router.sever(self.place, group), CLOSE_DEADLINE)
        except Trouble as why:
            log.warning("connections of the bad release end with its instances: %s", why)
        closed = e.ConnectionsClosed(group=group)
        await self._record(state, (closed,), (closed,))
