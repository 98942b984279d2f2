"""Groups of the log, as targets know them."""

from rollway.domain.decisions import GroupHealth
from rollway.domain.environment import EnvironmentState, GroupState
from rollway.domain.instances import Group, Health, Instance


def as_group(group: GroupState) -> Group:
    """What a target is told about a group."""
    admitted = group.admitted
    return Group(
        id=group.id,
        application=admitted.application,
        environment=admitted.environment,
        release=admitted.release,
        settings=admitted.target_settings,
        artifact=admitted.artifact,
    )


def health_of(state: EnvironmentState, seen: dict[str, Instance], since: float) -> dict[str, GroupHealth]:
    """Each group's health; deaths counted from `since` (unix seconds)."""
    return {group.id: _health(group, seen, since) for group in state.groups.values()}


def _health(group: GroupState, seen: dict[str, Instance], since: float) -> GroupHealth:
    mine = [seen[i.id] for i in group.alive() if i.id in seen]
    complaints = [i.detail for i in mine if i.health is not Health.HEALTHY and i.detail]
    return GroupHealth(
        ready=sum(i.health is Health.HEALTHY for i in mine),
        live=sum(i.health is not Health.DEAD for i in mine),
        deaths=sum(at >= since for at in group.deaths),
        complaint=complaints[0] if complaints else group.last_complaint,
        output=group.last_output,
    )
