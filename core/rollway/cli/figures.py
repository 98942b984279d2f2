"""Numbers as people read them: pure."""

from __future__ import annotations

import math
from collections.abc import Mapping

from pydantic import JsonValue

from rollway.http.documents import StepDocument, VerdictDocument


def percent(weight: float) -> str:
    """25 as `25%`, 0.5 as `0.5%`."""
    return f"{weight:g}%"


def length(seconds: float) -> str:
    """`45 s`, `5 min`, `1 h 30 min`."""
    if seconds < 90:
        return f"{seconds:g} s"
    minutes = round(seconds / 60)
    hours, rest = divmod(minutes, 60)
    return " ".join(part for part in (f"{hours} h" * bool(hours), f"{rest} min" * bool(rest)) if part)


def countdown(seconds: float) -> str:
    """`0:48`, `12:05`."""
    minutes, rest = divmod(max(0, math.ceil(seconds)), 60)
    return f"{minutes}:{rest:02}"


def requests(verdict: VerdictDocument) -> str:
    """What a verdict rests on: `canary 2 bad of 120, stable 3 of 2,280`."""
    sides = [(side, _count(verdict.evidence.get(side))) for side in ("canary", "stable")]
    return ", ".join(f"{side} {bad:,.0f} bad of {n:,.0f}" for side, (n, bad) in sides if n)


def _count(side: JsonValue) -> tuple[float, float]:
    if not isinstance(side, Mapping):
        return 0.0, 0.0
    return _number(side.get("requests")) or 0.0, _number(side.get("bad")) or 0.0


def _number(value: JsonValue) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def against(verdict: VerdictDocument) -> str:
    """The evidence against its bounds: `harm 27%, safe 64%` of what decides."""
    shares = [
        (name, share(verdict.evidence.get(value), verdict.evidence.get(bound)))
        for name, value, bound in (
            ("harm", "log_e", "threshold_fail"),
            ("safe", "log_clear", "threshold_pass"),
        )
    ]
    return ", ".join(f"{name} {each:.0%}" for name, each in shares if each is not None)


def share(value: JsonValue, bound: JsonValue) -> float | None:
    """How far evidence has come on its way to a bound, 0 to 1; None where there is no bound."""
    number, whole = _number(value), _number(bound)
    if number is None or whole is None or whole <= 0:
        return None
    return min(1.0, max(0.0, number / whole))


def step_length(step: StepDocument) -> str:
    """How long a step takes: a hold at least, a wait for healthy instances at most."""
    if step.hold is not None:
        return length(step.hold)
    return f"up to {length(step.deadline)}" if step.deadline is not None else ""
