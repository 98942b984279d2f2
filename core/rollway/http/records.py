"""What is kept of rollouts, as documents: an environment's history, the output of instances."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import JsonValue

from rollway.domain.words import Phase
from rollway.engine.usecases import InstanceOutput, PastRollout
from rollway.http import documents as d
from rollway.http.encoding import at
from rollway.http.projection import rollout_id


def past(each: PastRollout) -> d.PastRolloutDocument:
    """One rollout in an environment's history."""
    row, facts = each.summary, each.summary.facts
    return d.PastRolloutDocument(
        release=row.release or "",
        rollout=rollout_id(row),
        phase=Phase(row.phase),
        strategy=_text(facts.get("strategy")),
        previous_release=_text(facts.get("previous_release")) or None,
        actor=_text(facts.get("actor")),
        started_at=at(_number(facts.get("started_at")) or row.updated),
        finished_at=at(_number(facts.get("ended_at")) or row.updated) if row.ended else None,
        reason=_text(facts.get("reason")),
        why=_text(facts.get("why")),
        unwatched=facts.get("unwatched") is True,
        retry_of=_text(facts.get("retry_of")) or None,
        taken_back=each.taken_back,
        stable=each.stable,
    )


def past_id(each: PastRollout) -> str:
    """The rollout it is about."""
    return rollout_id(each.summary)


def logs(rollout: str, found: Sequence[InstanceOutput]) -> d.LogsDocument:
    """The output of a rollout's instances."""
    return d.LogsDocument(
        rollout=rollout,
        instances=[
            d.OutputDocument(
                instance=each.instance,
                group=each.group,
                role=each.role,
                release=each.release,
                running=each.running,
                lines=list(each.lines),
            )
            for each in found
        ],
    )


def _text(fact: JsonValue) -> str:
    return fact if isinstance(fact, str) else ""


def _number(fact: JsonValue) -> float | None:
    return float(fact) if isinstance(fact, (int, float)) else None
