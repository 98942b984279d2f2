"""Against the record: what a release is held to that takes all traffic at once, when stable has none to compare with."""

from collections.abc import Mapping

from rollway.domain.events import StableRecord
from rollway.domain.plan import Plan, Shift
from rollway.domain.rollout import RolloutState
from rollway.domain.split import WHOLE
from rollway.domain.words import CANARY
from rollway.engine.baseline import TrackRecord
from rollway.evidence.record import FEWEST_REQUESTS, FEWEST_SECONDS, against_the_record
from rollway.evidence.specification import Comparison, Limit, Specification


def at_once(plan: Plan) -> bool:
    """Whether the first traffic that the new release gets is all of it."""
    first = next((step.does for step in plan.steps if isinstance(step.does, Shift)), None)
    return first is not None and first.split.of(CANARY) == WHOLE


def limits(specifications: Mapping[str, Specification], record: TrackRecord) -> dict[str, Limit]:
    """What each comparison allows by this record; nothing for those that cannot be held against one."""
    found = {
        name: against_the_record(spec.tolerance, record.requests, record.bad, record.seconds, spec.ratio)
        for name, spec in specifications.items()
        if isinstance(spec, Comparison)
    }
    return {name: limit for name, limit in found.items() if limit is not None}


def taken(
    state: RolloutState, specifications: Mapping[str, Specification], record: TrackRecord
) -> StableRecord | None:
    """The record as it stands when the Shift that is about to begin takes stable's traffic; None for any other step."""
    step = state.current
    if step is None or not isinstance(step.does, Shift) or state.shifted or state.stable is None:
        return None
    if not at_once(state.admitted.plan) or not any(
        isinstance(s, Comparison) for s in specifications.values()
    ):
        return None
    allowed = {name: limit.maximum for name, limit in limits(specifications, record).items()}
    return StableRecord(record.requests, record.bad, record.seconds, allowed)


def said(record: TrackRecord | StableRecord) -> str:
    """A record in words."""
    return f"{record.bad:,} of {record.requests:,} requests failed in {record.seconds:.0f} s"


def figures(record: StableRecord, name: str) -> dict[str, object]:
    """The record that a verdict rests on, as numbers."""
    return {
        "requests": record.requests,
        "bad": record.bad,
        "seconds": round(record.seconds, 3),
        "limit": record.limits[name],
    }


def blames(record: StableRecord) -> str:
    """What a failure against the record leaves open."""
    return f"stable's record before was {said(record)}; an outage that would have hit both releases looks the same"


def too_short(names: list[str], record: TrackRecord) -> str:
    """Why these are left out of a plan."""
    verb = "is" if len(names) == 1 else "are"
    return (
        f"{', '.join(names)} {verb} left out: all traffic moves at once, and stable's record of {record.requests:,} "
        f"requests in {record.seconds:.0f} s is too short to compare with; it takes {FEWEST_REQUESTS} in "
        f"{FEWEST_SECONDS:g} s"
    )


def held_against(names: list[str], record: TrackRecord) -> str:
    """What it means to be compared with the past."""
    verb = "compares" if len(names) == 1 else "compare"
    return (
        f"{', '.join(names)} {verb} with stable's record ({said(record)}), because all traffic moves at once: an outage "
        "that would have hit both releases is blamed on the new one"
    )
