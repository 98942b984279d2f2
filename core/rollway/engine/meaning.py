"""What a rollout's steps mean to those who carry them out: events they imply, what samples count for, margins. Pure."""

from rollway.domain import events as e
from rollway.domain.plan import Observe, Promote, Provision, Retire, Shift, Step
from rollway.domain.rollout import RolloutState
from rollway.engine.watch import Span


def meaning(
    state: RolloutState, step: Step
) -> tuple[tuple[e.RolloutEvent, ...], tuple[e.EnvironmentEvent, ...]]:
    """What beginning a step implies in either stream."""
    groups = state.admitted.groups
    match step.does:
        case Provision(group=role, size=size):
            return (), (e.GroupWanted(group=groups[role], size=size),)
        case Shift(split=split):
            return (), (e.Shifted(rollout=state.id, split=state.bound(split)),)
        case Promote(group=role):
            promoted = e.Promoted(rollout=state.id, group=groups[role], release=state.admitted.release)
            return (promoted,), (promoted,)
        case Retire(group=role, after=after):
            return (), (e.GroupRetired(group=groups[role], after=after),)
    return (), ()


def span_of(state: RolloutState) -> Span:
    """What samples count for now."""
    steps = state.admitted.plan.steps
    last = state.step if state.started else state.step - 1
    shifts = [i for i, step in enumerate(steps[:last], 1) if isinstance(step.does, Shift)]
    current = state.current
    observing = state.started and current is not None and isinstance(current.does, Observe) and not state.held
    return Span(shifts[-1] if shifts else 0, state.step if observing else 0, state.observed_anew)


def margins_of(state: RolloutState) -> dict[str, float]:
    """The margins of the observation that the last shift leads to."""
    steps = state.admitted.plan.steps
    start = max(0, span_of(state).shift - 1)
    for step in steps[start:]:
        if isinstance(step.does, Observe):
            return dict(step.does.margins)
    return {}
