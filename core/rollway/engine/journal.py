"""The log as the engine uses it: folded states kept at hand, and changes proposed against them.

A proposal is a function of the states; where another writer was faster it is made again on what the log says now.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rollway.domain import environment as environments
from rollway.domain import rollout as rollouts
from rollway.domain.environment import EnvironmentState
from rollway.domain.events import EnvironmentEvent, Event, Fact, IllegalHistory, RolloutEvent
from rollway.domain.names import environment_stream, rollout_stream
from rollway.domain.rollout import RolloutState
from rollway.engine.codec import decode, encode
from rollway.engine.ports import Clock
from rollway.engine.summaries import environment_summary, rollout_summary
from rollway.store.protocol import Append, Conflict, Held, Remembered, Store, Summary

FASTER_WRITERS = 20
"""So often a proposal is made anew before we say that something is wrong."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What to append, to either stream or to both in one transaction."""

    rollout: tuple[RolloutEvent, ...] = ()
    environment: tuple[EnvironmentEvent, ...] = ()


Propose = Callable[[RolloutState | None, EnvironmentState], Proposal | None]
"""From the states to what should be appended; None: nothing (any more)."""


@dataclass(frozen=True, slots=True)
class Appended:
    """What one append of this process added to the log: new facts of either stream, and the states before them."""

    rollout: RolloutState | None
    rollout_facts: tuple[Fact, ...]
    environment: EnvironmentState
    environment_facts: tuple[Fact, ...]


class Journal:
    """Streams of one store, folded."""

    def __init__(self, store: Store, clock: Clock, node: str) -> None:
        self._store = store
        self._clock = clock
        self._node = node
        self._rollouts: dict[str, RolloutState] = {}
        self._environments: dict[str, EnvironmentState] = {}
        self._kept_by_us: Callable[[str], bool] = lambda _: True
        self._stale: set[str] = set()
        self._changed: list[Callable[[str], None]] = []
        self._observers: list[Callable[[Appended], None]] = []

    def on_change(self, told: Callable[[str], None]) -> None:
        """Be told the stream after each append of this process."""
        self._changed.append(told)

    def on_append(self, told: Callable[[Appended], None]) -> None:
        """Be told the facts of each append of this process, once they are durable; `told` must not raise."""
        self._observers.append(told)

    def share(self, kept_by_us: Callable[[str], bool]) -> None:
        """Other daemons write too: what is at hand counts only of environments that are `kept_by_us`."""
        self._kept_by_us = kept_by_us

    def heard(self, stream: str | None) -> None:
        """Somebody else appended to this stream (None: perhaps to any): it is read again when next asked for."""
        known = [rollout_stream(id_) for id_ in self._rollouts]
        known += [environment_stream(*place.split("/", 1)) for place in self._environments]
        self._stale |= {stream} if stream is not None else set(known)
        for changed in [stream] if stream is not None else known:
            for told in self._changed:
                told(changed)

    async def rollout(self, id_: str) -> RolloutState | None:
        """A rollout's state; None for an unknown id."""
        state = self._rollouts.get(id_)
        if state is None or not self._current(rollout_stream(id_), state.place):
            return await self._reload_rollout(id_)
        return state

    async def environment(self, place: str) -> EnvironmentState:
        """An environment's state; an empty one where nothing ever happened."""
        stream = environment_stream(*place.split("/", 1))
        if place not in self._environments or not self._current(stream, place):
            return await self._reload_environment(place)
        return self._environments[place]

    def _current(self, stream: str, place: str) -> bool:
        return stream not in self._stale and self._kept_by_us(place)

    async def facts(self, stream: str, after: int = 0) -> Sequence[Fact]:
        """A stream's facts above `after`."""
        return [decode(recorded) for recorded in await self._store.read(stream, after)]

    def known(self, id_: str) -> RolloutState | None:
        """A rollout's state as this process last saw it."""
        return self._rollouts.get(id_)

    def known_environment(self, place: str) -> EnvironmentState | None:
        """An environment's state as this process last saw it."""
        return self._environments.get(place)

    def head(self, stream: str) -> int:
        """How far this stream is known here; 0 where it is not at hand."""
        kind, _, name = stream.partition(":")
        state = self._rollouts.get(name) if kind == "rollout" else self._environments.get(name)
        return state.seq if state else 0

    def let_go(self, id_: str) -> None:
        """The rollout has ended, or is somebody else's: it need not be kept at hand."""
        self._rollouts.pop(id_, None)

    def let_go_environment(self, place: str) -> None:
        """The environment is somebody else's: it need not be kept at hand."""
        self._environments.pop(place, None)

    async def change(
        self,
        place: str,
        propose: Propose,
        *,
        rollout: str | None = None,
        actor: str = "system:engine",
        remember: Callable[[], Remembered] | None = None,
        held: Held | None = None,
    ) -> bool:
        """Append what `propose` says of the states of now; False where it says nothing.

        Raises StoreUnavailable; Fenced where the environment is not `held` that way any more; IllegalHistory where the
        proposal cannot follow the log; whatever `propose` raises.
        """
        conflict: Conflict | IllegalHistory | None = None
        for _ in range(FASTER_WRITERS):
            state = await self.rollout(rollout) if rollout else None
            environment = await self.environment(place)
            proposal = propose(state, environment)
            if proposal is None or not (proposal.rollout or proposal.environment):
                return False
            try:
                await self._append(place, rollout, state, environment, proposal, actor, remember, held)
            except (Conflict, IllegalHistory) as refused:
                known = self._heads(place, rollout)
                await self._reload(place, rollout)
                if isinstance(refused, IllegalHistory) and known == self._heads(place, rollout):
                    raise  # not for want of news: of one stream one may hear before the other
                conflict = refused
                continue
            return True
        raise conflict or RuntimeError("unreachable")

    async def _append(
        self,
        place: str,
        rollout: str | None,
        state: RolloutState | None,
        environment: EnvironmentState,
        proposal: Proposal,
        actor: str,
        remember: Callable[[], Remembered] | None,
        held: Held | None,
    ) -> None:
        at = self._clock.now()
        appends: list[Append] = []
        next_rollout, next_environment = state, environment
        seq = state.seq if state else 0
        news = Appended(
            state,
            _facts(proposal.rollout, seq, at, actor) if rollout else (),
            environment,
            _facts(proposal.environment, environment.seq, at, actor),
        )
        if proposal.rollout and rollout:
            for fact in news.rollout_facts:
                next_rollout = rollouts.apply(next_rollout, fact)
            assert next_rollout is not None  # noqa: S101 - there was at least one event
            summary = rollout_summary(next_rollout, next_rollout.admitted.node, at)
            appends.append(_append_of(rollout_stream(rollout), seq, proposal.rollout, actor, at, summary))
        if proposal.environment:
            next_environment = environments.fold(news.environment_facts, environment)
            summary = environment_summary(next_environment, next_environment.node, at)
            stream = environment_stream(environment.application, environment.name)
            appends.append(_append_of(stream, environment.seq, proposal.environment, actor, at, summary))
        await self._store.append(*appends, remember=remember() if remember else None, held=held)
        self._keep(rollout, next_rollout, place, next_environment)
        for append in appends:
            for told in self._changed:
                told(append.stream)
        for observer in self._observers:
            observer(news)

    def _keep(
        self, rollout: str | None, state: RolloutState | None, place: str, environment: EnvironmentState
    ) -> None:
        """Only forwards: a later append of ours may have come back first."""
        if rollout and state and state.seq > getattr(self._rollouts.get(rollout), "seq", 0):
            self._rollouts[rollout] = state
        if environment.seq > getattr(self._environments.get(place), "seq", -1):
            self._environments[place] = environment

    def _heads(self, place: str, rollout: str | None) -> tuple[int, int]:
        environment, state = self._environments.get(place), self._rollouts.get(rollout or "")
        return environment.seq if environment else 0, state.seq if state else 0

    async def _reload(self, place: str, rollout: str | None) -> None:
        await self._reload_environment(place)
        if rollout:
            await self._reload_rollout(rollout)

    async def _reload_rollout(self, id_: str) -> RolloutState | None:
        known = self._rollouts.get(id_)
        facts = await self._news(rollout_stream(id_), known.seq if known else 0)
        current = self._rollouts.get(id_) or known  # it may have been let go of meanwhile
        facts = [fact for fact in facts if fact.seq > (current.seq if current else 0)]
        if not facts:
            return current
        self._rollouts[id_] = rollouts.fold(facts, current)
        return self._rollouts[id_]

    async def _reload_environment(self, place: str) -> EnvironmentState:
        application, _, name = place.partition("/")
        stream = environment_stream(application, name)
        known = self._environments.get(place) or EnvironmentState(application, name)
        facts = await self._news(stream, known.seq)
        current = self._environments.get(place) or known
        state = environments.fold((f for f in facts if f.seq > current.seq), current)
        self._environments[place] = state
        return state

    async def _news(self, stream: str, after: int) -> Sequence[Fact]:
        """What is new there; what is heard of meanwhile is read the next time."""
        self._stale.discard(stream)
        try:
            return await self.facts(stream, after)
        except BaseException:
            self._stale.add(stream)
            raise


def _facts(events: Sequence[Event], seq: int, at: float, actor: str) -> tuple[Fact, ...]:
    return tuple(Fact(seq + i, at, actor, event) for i, event in enumerate(events, 1))


def _append_of(
    stream: str, seq: int, events: Sequence[Event], actor: str, at: float, summary: Summary
) -> Append:
    return Append(stream, seq, tuple(encode(event, actor, at) for event in events), summary)
