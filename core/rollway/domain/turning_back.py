"""A log that is older than what runs, because its database was restored from a copy: how it catches up, as pure functions.

The log stays the truth; what became of a rollout since the copy is not known to it, so none that had begun is carried on.
"""

from collections.abc import Iterator, Mapping, Set

from rollway.domain import events as e
from rollway.domain.environment import EnvironmentState, GroupState
from rollway.domain.instances import Health, Instance
from rollway.domain.rollout import RolloutState

RESTORED = "the database was restored from an older copy while this release was going out, and what became of it is not known"


def of_rollout(state: RolloutState | None) -> tuple[e.RolloutEvent, ...]:
    """One that had begun is taken back; before its first step nothing was done, and after its promotion it is stable."""
    begun = state is not None and (state.started or state.step > 1)
    if state is None or not begun or state.taking_back or state.promoted or state.phase.ended:
        return ()
    return (e.RollbackStarted(because=e.Because.MARK, reason=RESTORED),)


def of_environment(
    state: EnvironmentState, seen: Mapping[str, Instance], what: str
) -> tuple[e.EnvironmentEvent, ...]:
    """Which instances of the groups that it knows are gone, and which have come; `what` is how it is told."""
    news = (event for group in state.groups.values() for event in _of_group(group, seen))
    return (e.DriftFound(what=what), *news)


def _of_group(group: GroupState, seen: Mapping[str, Instance]) -> Iterator[e.EnvironmentEvent]:
    for id_ in group.instances:
        if id_ not in seen:
            yield e.InstanceStopped(group=group.id, instance=id_)
    for id_, instance in seen.items():
        known = id_ in group.instances or instance.group != group.id
        if not known and instance.health is not Health.DEAD:
            yield e.InstanceStarting(group=group.id, instance=id_)


def strangers(state: EnvironmentState, seen: Mapping[str, Instance]) -> Set[str]:
    """Groups that run and that the log does not know."""
    return {instance.group for instance in seen.values()} - state.groups.keys()


def serving_strangers(
    state: EnvironmentState, seen: Mapping[str, Instance], shares: Mapping[str, int]
) -> Set[str]:
    """Groups that the log does not know and that answer every request; none where one that it knows answers some."""
    with_traffic = {group for group, share in shares.items() if share}
    alive = {instance.group for instance in seen.values() if instance.health is not Health.DEAD}
    return set() if with_traffic & alive & state.groups.keys() else with_traffic - state.groups.keys()


def may_take_over(state: EnvironmentState, seen: Mapping[str, Instance], shares: Mapping[str, int]) -> bool:
    """Whether all that are to have traffic are as many as wanted, and healthy; never, where none is to have any."""
    wanted = [state.groups[group] for group, share in shares.items() if share and group in state.groups]
    return bool(wanted) and all(_ready(group, seen) >= max(1, group.wanted) for group in wanted)


def _ready(group: GroupState, seen: Mapping[str, Instance]) -> int:
    return sum(i.id in seen and seen[i.id].health is Health.HEALTHY for i in group.alive())
