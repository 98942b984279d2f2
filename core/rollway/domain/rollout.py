"""A rollout's state: the fold over its stream."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rollway.domain import events as e
from rollway.domain.plan import Promote, Retire, Shift, Step
from rollway.domain.split import EMPTY, Split
from rollway.domain.words import CANARY, STABLE, Phase, WaitingFor


@dataclass(frozen=True, slots=True)
class Judged:
    """The last verdict of a monitor and when it was recorded."""

    step: int
    verdict: e.VerdictReached
    at: float


@dataclass(frozen=True, slots=True)
class RolloutState:
    """What the log says of one rollout. `step` is the current one, from 1; one more than the plan has: all are done."""

    admitted: e.RolloutAdmitted
    seq: int
    admitted_at: float
    actor: str
    phase: Phase = Phase.RUNNING
    step: int = 1
    step_key: str | None = None
    step_started_at: float = 0.0
    settled: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    verdicts: Mapping[str, Judged] = field(default_factory=dict)
    split: Split = EMPTY
    shifted: bool = False
    record: e.StableRecord | None = None
    extended: float | None = None
    waiting_for: WaitingFor | None = None
    held: bool = False
    observed_anew: int = 0
    waved: frozenset[int] = frozenset()
    cause: e.Cause | None = None
    taking_back: bool = False
    delayed: bool = False
    lowered_at: float | None = None
    closed: bool = False
    gone: bool = False
    promoted: bool = False
    reason: str = ""
    ended_at: float | None = None

    @property
    def id(self) -> str:
        """The rollout's id."""
        return self.admitted.rollout

    @property
    def place(self) -> str:
        """Its environment, as `application/environment`."""
        return f"{self.admitted.application}/{self.admitted.environment}"

    @property
    def node(self) -> str:
        """Where its plugins work; empty where any daemon may drive them."""
        return self.admitted.node

    @property
    def group(self) -> str:
        """The group of the new release."""
        return self.admitted.groups[CANARY]

    @property
    def stable(self) -> str | None:
        """The group that was stable when it began; None on a first release."""
        return self.admitted.groups.get(STABLE)

    @property
    def current(self) -> Step | None:
        """The step it stands at; None when all are done."""
        steps = self.admitted.plan.steps
        return steps[self.step - 1] if self.step <= len(steps) else None

    @property
    def started(self) -> bool:
        """Whether the current step has begun."""
        return self.step_key is not None

    @property
    def deciding(self) -> tuple[e.MonitorUse, ...]:
        """The monitors whose verdicts decide."""
        return () if self.admitted.unwatched else tuple(m for m in self.admitted.monitors if not m.dry_run)

    @property
    def weight(self) -> int:
        """The new release's share of requests, in hundredths of a percent, as last recorded in force or wanted."""
        return self.split.of(self.group)

    def entry(self, step: int) -> frozenset[int]:
        """The steps made of the same entry of the strategy's `steps` as this one; a step of none is alone."""
        steps = self.admitted.plan.steps
        source = steps[step - 1].source if 0 < step <= len(steps) else None
        same = {index for index, each in enumerate(steps, 1) if each.source == source} if source else set()
        return frozenset(same | {step})

    def bound(self, split: Split) -> Split:
        """A plan's split, with groups for roles."""
        return Split({self.admitted.groups[role]: share for role, share in split.shares.items()})


def _started(state: RolloutState, fact: e.Fact, event: e.StepStarted) -> RolloutState:
    if event.step != state.step or state.current is None or state.taking_back:
        raise e.IllegalHistory(f"step {event.step} started while at step {state.step}")
    if state.started or state.held:
        raise e.IllegalHistory(f"step {event.step} started {'twice' if state.started else 'while paused'}")
    record = event.record or state.record
    state = replace(state, step_key=event.key, step_started_at=fact.at, extended=None, record=record)
    match state.current:
        case Step(does=Shift(split=split)):
            return replace(state, split=state.bound(split), shifted=True)
        case Step(does=Promote() | Retire()):
            return replace(state, phase=Phase.PROMOTING)
    return state


def _under_way(state: RolloutState, step: int, what: str) -> None:
    if step != state.step or not state.started or state.taking_back:
        raise e.IllegalHistory(f"step {step} {what} while at step {state.step} ({state.phase})")


def _finished(state: RolloutState, fact: e.Fact, event: e.StepFinished) -> RolloutState:
    _under_way(state, event.step, "finished")
    settled = {**state.settled, event.step: event.settled} if event.settled else state.settled
    paused = state.phase is Phase.PAUSED
    phase = Phase.RUNNING if paused and not state.held else state.phase
    return replace(
        state,
        step=state.step + 1,
        step_key=None,
        settled=settled,
        phase=phase,
        waiting_for=WaitingFor.PERSON if state.held else None,
        extended=None,
        reason=state.reason if state.held else "",
    )


def _failed(state: RolloutState, fact: e.Fact, event: e.StepFailed) -> RolloutState:
    return replace(state, cause=state.cause or e.Cause(e.Because.STEP, event.reason))


def _extended(state: RolloutState, fact: e.Fact, event: e.StepExtended) -> RolloutState:
    _under_way(state, event.step, "extended")
    return replace(state, extended=event.until, reason=event.reason)


def _judged(state: RolloutState, fact: e.Fact, event: e.VerdictReached) -> RolloutState:
    return replace(state, verdicts={**state.verdicts, event.monitor: Judged(event.step, event, fact.at)})


def _awaited(state: RolloutState, fact: e.Fact, event: e.EvidenceAwaited) -> RolloutState:
    _under_way(state, event.step, "awaited evidence")
    return replace(state, phase=Phase.PAUSED, waiting_for=WaitingFor.EVIDENCE, reason=event.reason)


def _aborted(state: RolloutState, fact: e.Fact, event: e.AbortRequested) -> RolloutState:
    if state.taking_back or state.promoted:  # too late: what came first says how it ends
        return state
    return replace(state, cause=e.Cause(e.Because.ABORT, event.reason))


def _paused(state: RolloutState, fact: e.Fact, event: e.PauseRequested) -> RolloutState:
    if state.taking_back or state.promoted:
        return state
    return replace(state, held=True, phase=Phase.PAUSED, waiting_for=WaitingFor.PERSON, reason=event.reason)


def _let_go(state: RolloutState) -> RolloutState:
    if state.phase is Phase.PAUSED and state.waiting_for is WaitingFor.PERSON:
        state = replace(state, phase=Phase.RUNNING, waiting_for=None, reason="")
    return replace(state, held=False)


def _resumed(state: RolloutState, fact: e.Fact, event: e.ResumeRequested) -> RolloutState:
    state = _let_go(state)
    if state.waiting_for is not WaitingFor.EVIDENCE:
        return state
    anew = state.observed_anew + 1
    return replace(state, phase=Phase.RUNNING, waiting_for=None, extended=None, observed_anew=anew, reason="")


def _waved(state: RolloutState, fact: e.Fact, event: e.PromoteRequested) -> RolloutState:
    entry = state.entry(event.step)
    if max(entry) < state.step or state.taking_back:  # it came too late: what it is about is over
        return state
    return _let_go(replace(state, waved=state.waved | entry))


def _waved_all(state: RolloutState, fact: e.Fact, event: e.FullPromotionRequested) -> RolloutState:
    if state.taking_back:
        return state
    rest = range(event.step, len(state.admitted.plan.steps) + 1)
    return _let_go(replace(state, waved=state.waved | set(rest)))


def _taken_back(state: RolloutState, fact: e.Fact, event: e.RollbackStarted) -> RolloutState:
    if state.promoted:
        raise e.IllegalHistory("a promoted release is taken back by a new rollout")
    return replace(
        state,
        phase=Phase.ROLLING_BACK,
        taking_back=True,
        held=False,
        waiting_for=None,
        cause=e.Cause(event.because, event.reason),
        reason=event.reason,
    )


def _delayed(state: RolloutState, fact: e.Fact, event: e.RollbackDelayed) -> RolloutState:
    return replace(state, delayed=True, reason=event.reason)


def _lowered(state: RolloutState, fact: e.Fact, event: e.WeightLowered) -> RolloutState:
    if event.split.of(event.group):
        raise e.IllegalHistory(f"group {event.group} lowered to {event.split.of(event.group)}, not to 0")
    return replace(state, split=event.split, lowered_at=fact.at, delayed=False)


def _closed(state: RolloutState, fact: e.Fact, event: e.ConnectionsClosed) -> RolloutState:
    return replace(state, closed=True)


def _retired(state: RolloutState, fact: e.Fact, event: e.GroupRetired) -> RolloutState:
    return replace(state, gone=state.gone or event.group == state.group)


def _promoted(state: RolloutState, fact: e.Fact, event: e.Promoted) -> RolloutState:
    if state.taking_back:
        raise e.IllegalHistory("promoted while being taken back")
    if state.current is None or not isinstance(state.current.does, Promote) or not state.started:
        raise e.IllegalHistory(f"promoted at step {state.step}, which does not promote")
    return replace(state, promoted=True, phase=Phase.PROMOTING, held=False, waiting_for=None)


def _may_end(state: RolloutState, phase: Phase) -> bool:
    if phase is Phase.PROMOTED:
        return state.promoted
    return state.taking_back if phase in (Phase.ROLLED_BACK, Phase.ABORTED) else phase.ended


def _ended(state: RolloutState, fact: e.Fact, event: e.RolloutEnded) -> RolloutState:
    if not _may_end(state, event.phase):
        raise e.IllegalHistory(f"ended as {event.phase} while {state.phase}")
    return replace(state, phase=event.phase, reason=event.reason, waiting_for=None, ended_at=fact.at)


_APPLY: Mapping[type, Callable[[RolloutState, e.Fact, Any], RolloutState]] = {
    e.StepStarted: _started,
    e.StepFinished: _finished,
    e.StepFailed: _failed,
    e.StepExtended: _extended,
    e.VerdictReached: _judged,
    e.EvidenceAwaited: _awaited,
    e.AbortRequested: _aborted,
    e.PauseRequested: _paused,
    e.ResumeRequested: _resumed,
    e.PromoteRequested: _waved,
    e.FullPromotionRequested: _waved_all,
    e.RollbackStarted: _taken_back,
    e.RollbackDelayed: _delayed,
    e.WeightLowered: _lowered,
    e.ConnectionsClosed: _closed,
    e.GroupRetired: _retired,
    e.Promoted: _promoted,
    e.RolloutEnded: _ended,
}


def _admitted(fact: e.Fact, event: e.RolloutAdmitted) -> RolloutState:
    stable = event.groups.get(STABLE)
    split = Split.all_to(stable) if stable else EMPTY
    return RolloutState(admitted=event, seq=fact.seq, admitted_at=fact.at, actor=fact.actor, split=split)


def apply(state: RolloutState | None, fact: e.Fact) -> RolloutState:
    """One event further. Raises IllegalHistory for what cannot follow."""
    if isinstance(fact.event, e.RolloutAdmitted):
        if state is not None or fact.seq != 1:
            raise e.IllegalHistory("a rollout is admitted once, first")
        return _admitted(fact, fact.event)
    if state is None or fact.seq != state.seq + 1:
        raise e.IllegalHistory(f"event {fact.seq} does not follow {state.seq if state else 0}")
    if state.phase.ended:
        raise e.IllegalHistory(f"{type(fact.event).__name__} after the end")
    change = _APPLY.get(type(fact.event))
    if change is None:
        raise e.IllegalHistory(f"{type(fact.event).__name__} is no event of a rollout")
    try:
        return replace(change(state, fact, fact.event), seq=fact.seq)
    except KeyError as missing:
        raise e.IllegalHistory(f"{type(fact.event).__name__}: {missing} is not known here") from missing


def fold(facts: Iterable[e.Fact], state: RolloutState | None = None) -> RolloutState:
    """The state after these facts. Raises IllegalHistory; ValueError where there are none."""
    for fact in facts:
        state = apply(state, fact)
    if state is None:
        raise ValueError("an empty history")
    return state
