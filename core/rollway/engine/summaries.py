"""The row that lists show, from a state."""

from rollway.domain.environment import EnvironmentState
from rollway.domain.names import environment_stream, rollout_stream
from rollway.domain.rollout import RolloutState
from rollway.store.protocol import Summary


def rollout_summary(state: RolloutState, node: str, at: float) -> Summary:
    """A rollout's row."""
    admitted = state.admitted
    return Summary(
        stream=rollout_stream(state.id),
        kind="rollout",
        application=admitted.application,
        environment=admitted.environment,
        phase=state.phase.value,
        weight=state.weight,
        release=admitted.release,
        node=node,
        updated=at,
        ended=state.phase.ended,
        facts={
            "strategy": admitted.strategy,
            "previous_release": admitted.previous_release,
            "reason": state.reason,
            "actor": state.actor,
            "started_at": state.admitted_at,
            "waiting_for": state.waiting_for.value if state.waiting_for else None,
            "ended_at": state.ended_at,
            "unwatched": admitted.unwatched,
            "retry_of": admitted.retry_of,
            "why": admitted.reason,
        },
    )


def environment_summary(state: EnvironmentState, node: str, at: float) -> Summary:
    """An environment's row; it ends when nothing of it is left."""
    return Summary(
        stream=environment_stream(state.application, state.name),
        kind="environment",
        application=state.application,
        environment=state.name,
        phase=state.phase,
        weight=state.split.of(state.stable) if state.stable else 0,
        release=state.stable_release,
        node=node,
        updated=at,
        ended=not state.groups and state.rollout is None,
        facts={"rollout": state.rollout},
    )
