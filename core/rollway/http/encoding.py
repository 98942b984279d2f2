"""Domain values as JSON: frozen dataclasses by their fields, splits in percent, never a number that JSON has not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum

from pydantic import JsonValue

from rollway.domain.plan import Observe, Plan, Provision, Shift, Step, Verify
from rollway.domain.split import Split
from rollway.domain.words import CANARY
from rollway.http.documents import StepDocument

Number = int | float


def percent(hundredths: int) -> Number:
    """Hundredths of a percent as percent: 2500 is 25, 50 is 0.5."""
    return hundredths // 100 if hundredths % 100 == 0 else hundredths / 100


def at(seconds: float) -> datetime:
    """Unix seconds as a time in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def encode(value: object) -> JsonValue:
    """Any value of an event as JSON; NaN and infinities become null."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, str):
        return value
    if isinstance(value, Split):
        return {group: percent(share) for group, share in value.shares.items()}
    if isinstance(value, Plan):
        return _plan(value)
    if isinstance(value, Mapping):
        return {str(key): encode(each) for key, each in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: encode(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [encode(each) for each in value]
    return str(value)


def _plan(plan: Plan) -> JsonValue:
    return {
        "steps": [
            step(index, each).model_dump(mode="json", exclude_none=True)
            for index, each in enumerate(plan.steps, 1)
        ],
        "warnings": list(plan.warnings),
    }


def step(index: int, each: Step, note: str | None = None) -> StepDocument:
    """One instruction of a plan."""
    does = each.does
    return StepDocument(
        index=index,
        name=each.name,
        kind=does.kind,
        group=getattr(does, "group", None),
        weight=percent(does.split.of(CANARY)) if isinstance(does, Shift) else None,
        source_step=each.source,
        hold=does.duration if isinstance(does, Observe) else None,
        size=does.size if isinstance(does, Provision) else None,
        deadline=does.deadline if isinstance(does, Verify) else None,
        monitors=list(does.monitors) if isinstance(does, Observe) else None,
        note=note,
    )
