"""What an environment does next to keep its groups at their wanted numbers: a pure function, like `decide`."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TypeAlias

from rollway.domain.effects import Mark
from rollway.domain.environment import EnvironmentState, GroupState, InstanceState
from rollway.domain.instances import Health, Instance
from rollway.domain.split import Split
from rollway.domain.traffic import Address, Connections, RoutedGroup, Routing

FIRST_BACKOFF = 0.5
LONGEST_BACKOFF = 30.0
FORGIVEN_AFTER = 600.0
"""Seconds: a death longer ago than this lengthens no backoff."""

QUIET = 0.5
"""Seconds between taking an instance out of the router and asking it to stop, so that nothing more is sent to it."""


@dataclass(frozen=True, slots=True)
class StartInstance:
    """One more instance of this group."""

    group: str


@dataclass(frozen=True, slots=True)
class RecordDeath:
    """An instance ended by itself."""

    group: str
    instance: str
    detail: str


@dataclass(frozen=True, slots=True)
class TakeOut:
    """An instance is to be stopped: no new requests from now on."""

    group: str
    instance: str


@dataclass(frozen=True, slots=True)
class StopInstance:
    """Stop it and forget it."""

    group: str
    instance: str
    hard: bool = False


@dataclass(frozen=True, slots=True)
class Restart:
    """The log knows this instance as started, the target does not: the start did not reach it, or it is another's."""

    group: str
    instance: str


@dataclass(frozen=True, slots=True)
class CloseGroup:
    """The group's drain is over: end its connections."""

    group: str


@dataclass(frozen=True, slots=True)
class ForgetGroup:
    """Nothing of the group is left."""

    group: str


Chore: TypeAlias = StartInstance | RecordDeath | TakeOut | StopInstance | Restart | CloseGroup | ForgetGroup


def chores(state: EnvironmentState, seen: Mapping[str, Instance], now: float) -> tuple[Chore, ...]:
    """What there is to do, given what the target sees (by instance id)."""
    return tuple(chore for group in state.groups.values() for chore in _of_group(state, group, seen, now))


def _of_group(
    state: EnvironmentState, group: GroupState, seen: Mapping[str, Instance], now: float
) -> Iterator[Chore]:
    alive = group.alive()
    excess = _least_useful(alive, seen)[: max(0, len(alive) - group.wanted)]
    yield from _deaths_and_losses(group, seen, {i.id for i in excess})
    yield from _stops(group, now)
    if group.retired_at is not None:
        yield from _retirement(group, alive, now)
        return
    yield from (TakeOut(group.id, i.id) for i in excess)
    if len(alive) < group.wanted and now >= may_start_at(group, now):
        yield from (StartInstance(group.id) for _ in range(group.wanted - len(alive)))


def _deaths_and_losses(group: GroupState, seen: Mapping[str, Instance], excess: Set[str]) -> Iterator[Chore]:
    for instance in group.alive():
        found = seen.get(instance.id)
        if found is None:
            if instance.id not in excess:
                yield Restart(group.id, instance.id)
        elif found.health is Health.DEAD:
            yield RecordDeath(group.id, instance.id, found.detail)


def _stops(group: GroupState, now: float) -> Iterator[Chore]:
    for instance in group.instances.values():
        if instance.died is not None:
            yield StopInstance(group.id, instance.id, hard=True)
        elif instance.stopping_at is not None and (group.hard or _over(instance.stopping_at, QUIET, now)):
            yield StopInstance(group.id, instance.id, hard=group.hard)


def _retirement(group: GroupState, alive: Sequence[InstanceState], now: float) -> Iterator[Chore]:
    began, ends = group.retired_at, group.closes_at
    if not group.hard and began is not None and ends is not None and not _over(began, ends - began, now):
        return
    if not group.closed and not group.hard:
        yield CloseGroup(group.id)
        return
    yield from (TakeOut(group.id, instance.id) for instance in alive)
    if not group.instances:
        yield ForgetGroup(group.id)


def _over(began: float, seconds: float, now: float) -> bool:
    """Whether so much has passed; a clock that was set back makes nothing wait until it has caught up."""
    return not began <= now < began + seconds


def _least_useful(alive: Sequence[InstanceState], seen: Mapping[str, Instance]) -> list[InstanceState]:
    def use(instance: InstanceState) -> tuple[bool, float]:
        found = seen.get(instance.id)
        return (found is not None and found.health is Health.HEALTHY, -instance.started_at)

    return sorted(alive, key=use)


def may_start_at(group: GroupState, now: float) -> float:
    """When the next instance may be started: the backoff doubles with each death that is not forgiven yet."""
    recent = [at for at in group.deaths if 0 <= now - at < FORGIVEN_AFTER]
    if not recent:
        return now
    return recent[-1] + min(FIRST_BACKOFF * 2.0 ** (len(recent) - 1), LONGEST_BACKOFF)


def next_look(state: EnvironmentState, now: float) -> float | None:
    """When there may be something to do that no event announces (unix seconds)."""
    times = [may_start_at(g, now) for g in state.groups.values() if len(g.alive()) < g.wanted]
    times += [g.closes_at for g in state.groups.values() if g.closes_at is not None and not g.closed]
    times += [
        i.stopping_at + QUIET
        for g in state.groups.values()
        for i in g.instances.values()
        if i.stopping_at is not None
    ]
    return min((t for t in times if t > now), default=None)


def routing(state: EnvironmentState, seen: Mapping[str, Instance], marks: Sequence[Mark] = ()) -> Routing:
    """What the router should do, given which instances are healthy, and which groups were lowered before their record.

    A mark on the stable group is lifted: the lowering began before, and was recorded after, its promotion, which won.
    A group of which nothing is left is not told any more: the router lets go of it before the log does.
    """
    settings = state.last.router_settings if state.last else {}
    groups = tuple(
        RoutedGroup(
            id=group.id,
            release=group.release,
            endpoints=endpoints(group, seen),
            connections=Connections.CLOSED if group.closed else Connections.OPEN,
        )
        for group in state.groups.values()
        if not _is_over(state, group)
    )
    here = {group.id for group in groups} - {state.stable}
    marks = tuple(mark for mark in marks if mark.group in here)
    lifted = frozenset({state.stable} if state.stable else ())
    return Routing(
        state.place, settings, groups, _answered(state, groups, marks), state.stable, lifted, marks
    )


def _is_over(state: EnvironmentState, group: GroupState) -> bool:
    """Whether nothing is left of it but its name."""
    ended = group.retired_at is not None and (group.closed or group.hard)
    return ended and not group.instances and not state.split.of(group.id)


def _wanted(state: EnvironmentState, groups: Sequence[RoutedGroup], marks: Sequence[Mark]) -> Split:
    """The log's split, with the marked groups at 0, whatever the log still gives them."""
    here = {group.id for group in groups}
    split = Split({group: share for group, share in state.split.shares.items() if group in here})
    for mark in marks:
        if split.of(mark.group):
            split = split.without(mark.group, state.stable)
    return split


def _answered(state: EnvironmentState, groups: Sequence[RoutedGroup], marks: Sequence[Mark]) -> Split:
    """What is wanted, but no share for a group without a live instance while another that has traffic has one.

    The share comes back with the first instance; the log's split stays what is wanted.
    """
    split = _wanted(state, groups, marks)
    live = {group.id for group in groups if group.endpoints}
    for group in (g for g in split.shares if split.of(g) and g not in live):
        others = [g for g in split.shares if split.of(g) and g in live and g != group]
        if others:
            refuge = state.stable if state.stable in others else others[0]
            split = split.without(group, refuge)
    return split


def endpoints(group: GroupState, seen: Mapping[str, Instance]) -> tuple[Address, ...]:
    """Where the group's healthy instances answer; where none is healthy, all that live: a try beats a refusal."""
    live = [seen[i.id] for i in group.alive() if i.id in seen and seen[i.id].health is not Health.DEAD]
    healthy = [i for i in live if i.health is Health.HEALTHY]
    return tuple(sorted(i.address for i in healthy or live if i.address is not None))
