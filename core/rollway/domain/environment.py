"""An environment's state: what outlives a rollout. The fold over its stream."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rollway.domain import events as e
from rollway.domain.split import EMPTY, Split
from rollway.domain.words import CANARY

REMEMBERED = 16
"""So many deaths of a group are remembered, the latest; enough for its backoff."""


@dataclass(frozen=True, slots=True)
class InstanceState:
    """One instance in the log: when it was started, and whether it died or is being stopped."""

    id: str
    started_at: float
    died: str | None = None
    stopping_at: float | None = None


@dataclass(frozen=True, slots=True)
class GroupState:
    """One group in the log: which release, how many instances are wanted, which were started."""

    id: str
    admitted: e.RolloutAdmitted
    wanted: int = 0
    instances: Mapping[str, InstanceState] = field(default_factory=dict)
    deaths: tuple[float, ...] = ()
    died: int = 0
    last_output: tuple[str, ...] = ()
    last_complaint: str = ""
    retired_at: float | None = None
    closes_at: float | None = None
    hard: bool = False
    closed: bool = False

    @property
    def release(self) -> str:
        """The release this group runs."""
        return self.admitted.release

    def alive(self) -> tuple[InstanceState, ...]:
        """Instances that were started and neither died nor are being stopped."""
        return tuple(i for i in self.instances.values() if i.died is None and i.stopping_at is None)


@dataclass(frozen=True, slots=True)
class StableRecord:
    """A release that was promoted here; `taken_back` once a rollback went past it."""

    release: str
    group: str
    rollout: str
    at: float
    taken_back: bool = False


@dataclass(frozen=True, slots=True)
class EnvironmentState:
    """What the log says of one environment."""

    application: str
    name: str
    seq: int = 0
    groups: Mapping[str, GroupState] = field(default_factory=dict)
    stable: str | None = None
    split: Split = EMPTY
    lowered: frozenset[str] = frozenset()
    rollout: str | None = None
    last: e.RolloutAdmitted | None = None
    promoted: tuple[StableRecord, ...] = ()
    phase: str = "empty"

    @property
    def place(self) -> str:
        """`application/environment`."""
        return f"{self.application}/{self.name}"

    @property
    def node(self) -> str:
        """Where its plugins work; empty where any daemon may drive them."""
        return self.last.node if self.last else ""

    @property
    def stable_release(self) -> str | None:
        """The release that is stable, if any."""
        return self.groups[self.stable].release if self.stable and self.stable in self.groups else None


def _admitted(state: EnvironmentState, fact: e.Fact, event: e.RolloutAdmitted) -> EnvironmentState:
    if state.rollout is not None:
        raise e.IllegalHistory(f"{event.rollout} admitted while {state.rollout} holds the environment")
    group = GroupState(id=event.groups[CANARY], admitted=event)
    if group.id in state.groups:
        raise e.IllegalHistory(f"group {group.id} belongs to {state.groups[group.id].admitted.rollout}")
    return replace(
        state, rollout=event.rollout, last=event, groups={**state.groups, group.id: group}, phase="rollout"
    )


def _group(state: EnvironmentState, id_: str, **changes: Any) -> EnvironmentState:
    if id_ not in state.groups:
        raise e.IllegalHistory(f"group {id_} is not known here")
    return replace(state, groups={**state.groups, id_: replace(state.groups[id_], **changes)})


def _instance(state: EnvironmentState, group: str, id_: str, **changes: Any) -> EnvironmentState:
    instances = state.groups[group].instances
    if id_ not in instances:
        raise e.IllegalHistory(f"instance {id_} is not known here")
    return _group(state, group, instances={**instances, id_: replace(instances[id_], **changes)})


def _wanted(state: EnvironmentState, fact: e.Fact, event: e.GroupWanted) -> EnvironmentState:
    return _group(state, event.group, wanted=event.size)


def _retired(state: EnvironmentState, fact: e.Fact, event: e.GroupRetired) -> EnvironmentState:
    if event.group == state.stable:
        raise e.IllegalHistory("the stable group is not retired")
    known, closes_at = state.groups[event.group], fact.at + event.after
    if known.retired_at is not None and known.closes_at is not None:  # again: never later, never softer
        closes_at = min(closes_at, known.closes_at)
    hard, retired_at = known.hard or event.hard, known.retired_at or fact.at
    return _group(state, event.group, wanted=0, retired_at=retired_at, closes_at=closes_at, hard=hard)


def _gone(state: EnvironmentState, fact: e.Fact, event: e.GroupGone) -> EnvironmentState:
    group = state.groups[event.group]
    if group.id == state.stable or state.split.of(group.id) or group.instances:
        raise e.IllegalHistory(f"group {group.id} is forgotten while it is stable, has traffic or instances")
    return replace(
        state,
        groups={id_: known for id_, known in state.groups.items() if id_ != group.id},
        split=Split({id_: share for id_, share in state.split.shares.items() if id_ != group.id}),
        lowered=state.lowered - {group.id},
    )


def _shifted(state: EnvironmentState, fact: e.Fact, event: e.Shifted) -> EnvironmentState:
    unknown = set(event.split.shares) - set(state.groups)
    if unknown:
        raise e.IllegalHistory(f"traffic for groups not known here: {sorted(unknown)}")
    raised = {group for group, share in event.split.shares.items() if share}
    return replace(state, split=event.split, lowered=state.lowered - raised)


def _lowered(state: EnvironmentState, fact: e.Fact, event: e.WeightLowered) -> EnvironmentState:
    if event.split.of(event.group):
        raise e.IllegalHistory(f"group {event.group} lowered to {event.split.of(event.group)}, not to 0")
    if state.stable is not None and state.split.shares and not event.split.shares:
        raise e.IllegalHistory(
            f"group {event.group} lowered to no traffic at all, but {state.stable} is stable"
        )
    return replace(state, split=event.split, lowered=state.lowered | {event.group})


def _closed(state: EnvironmentState, fact: e.Fact, event: e.ConnectionsClosed) -> EnvironmentState:
    return _group(state, event.group, closed=True) if event.group in state.groups else state


def _starting(state: EnvironmentState, fact: e.Fact, event: e.InstanceStarting) -> EnvironmentState:
    group = state.groups[event.group]
    if event.instance in group.instances:
        raise e.IllegalHistory(f"instance {event.instance} is started once in its life")
    new = InstanceState(event.instance, fact.at)
    return _group(state, event.group, instances={**group.instances, new.id: new})


def _died(state: EnvironmentState, fact: e.Fact, event: e.InstanceDied) -> EnvironmentState:
    group = state.groups[event.group]
    if event.instance in group.instances and group.instances[event.instance].died is not None:
        raise e.IllegalHistory(f"instance {event.instance} dies once")
    state = _group(
        state,
        event.group,
        deaths=(*group.deaths, fact.at)[-REMEMBERED:],
        died=group.died + 1,
        last_output=event.output,
        last_complaint=event.detail,
    )
    return _instance(state, event.group, event.instance, died=event.detail)


def _stopping(state: EnvironmentState, fact: e.Fact, event: e.InstanceStopping) -> EnvironmentState:
    return _instance(state, event.group, event.instance, stopping_at=fact.at)


def _stopped(state: EnvironmentState, fact: e.Fact, event: e.InstanceStopped) -> EnvironmentState:
    group = state.groups[event.group]
    left = {id_: instance for id_, instance in group.instances.items() if id_ != event.instance}
    return _group(state, event.group, instances=left)


def _promoted(state: EnvironmentState, fact: e.Fact, event: e.Promoted) -> EnvironmentState:
    if state.groups[event.group].retired_at is not None:
        raise e.IllegalHistory(f"group {event.group} is retired; it does not become stable")
    record = StableRecord(event.release, event.group, event.rollout, fact.at)
    earlier = _going_back(state.promoted, event.release) if _is_rollback(state) else state.promoted
    return replace(state, stable=event.group, promoted=(*earlier, record))


def _is_rollback(state: EnvironmentState) -> bool:
    return state.last is not None and state.last.strategy == ROLLBACK


def _going_back(records: tuple[StableRecord, ...], release: str) -> tuple[StableRecord, ...]:
    """What was promoted after the release we go back to is taken back; the last one, where that never was stable."""
    here = len(records) - 2
    place = max((i for i, r in enumerate(records) if r.release == release and not r.taken_back), default=here)
    return tuple(replace(r, taken_back=r.taken_back or i > place) for i, r in enumerate(records))


def _ended(state: EnvironmentState, fact: e.Fact, event: e.RolloutEnded) -> EnvironmentState:
    if event.rollout != state.rollout:
        raise e.IllegalHistory(f"{event.rollout} ended but {state.rollout} holds the environment")
    return replace(state, rollout=None, phase="steady" if state.stable else "empty")


def _drifted(state: EnvironmentState, fact: e.Fact, event: e.DriftFound) -> EnvironmentState:
    return state


ROLLBACK = "rollback"
"""The strategy's name of a rollout that goes back to a release that was stable before."""

_APPLY: Mapping[type, Callable[[EnvironmentState, e.Fact, Any], EnvironmentState]] = {
    e.RolloutAdmitted: _admitted,
    e.GroupWanted: _wanted,
    e.GroupRetired: _retired,
    e.GroupGone: _gone,
    e.Shifted: _shifted,
    e.WeightLowered: _lowered,
    e.ConnectionsClosed: _closed,
    e.InstanceStarting: _starting,
    e.InstanceDied: _died,
    e.InstanceStopping: _stopping,
    e.InstanceStopped: _stopped,
    e.DriftFound: _drifted,
    e.Promoted: _promoted,
    e.RolloutEnded: _ended,
}


def apply(state: EnvironmentState, fact: e.Fact) -> EnvironmentState:
    """One event further. Raises IllegalHistory for what cannot follow."""
    if fact.seq != state.seq + 1:
        raise e.IllegalHistory(f"event {fact.seq} does not follow {state.seq}")
    change = _APPLY.get(type(fact.event))
    if change is None:
        raise e.IllegalHistory(f"{type(fact.event).__name__} is no event of an environment")
    try:
        return replace(change(state, fact, fact.event), seq=fact.seq)
    except KeyError as missing:
        raise e.IllegalHistory(f"{type(fact.event).__name__}: {missing} is not known here") from missing


def fold(facts: Iterable[e.Fact], state: EnvironmentState) -> EnvironmentState:
    """The state after these facts, from the one before. Raises IllegalHistory."""
    for fact in facts:
        state = apply(state, fact)
    return state
