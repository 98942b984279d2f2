"""How an environment stands this moment, in a few numbers: what a gauge shows."""

from collections.abc import Mapping
from dataclasses import dataclass

from rollway.domain.decisions import GroupHealth
from rollway.domain.environment import EnvironmentState
from rollway.domain.split import WHOLE
from rollway.domain.words import CANARY


@dataclass(frozen=True, slots=True)
class Standing:
    """`wanted` and `ready` count instances of all groups that are not retired.

    `weight` is the share of requests, 0 to 1, that the release of the rollout under way gets; 0 at rest. `evidence_age`
    is how many seconds ago every monitor of that rollout could last be read; None where nothing is watched.
    """

    application: str
    environment: str
    wanted: int = 0
    ready: int = 0
    weight: float = 0.0
    evidence_age: float | None = None


def standing_of(
    state: EnvironmentState, health: Mapping[str, GroupHealth], evidence_age: float | None = None
) -> Standing:
    """From the log and what was last seen, by group id."""
    wanted = {group.id: group.wanted for group in state.groups.values() if group.wanted}
    new = state.last.groups[CANARY] if state.rollout and state.last else None
    return Standing(
        state.application,
        state.name,
        sum(wanted.values()),
        sum(seen.ready for group, seen in health.items() if group in wanted),
        state.split.of(new) / WHOLE if new else 0.0,
        evidence_age,
    )
