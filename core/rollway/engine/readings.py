"""Readings and verdicts as they are kept: JSON that gives the same reading again, and a judgement in the domain's words."""

import math
from collections.abc import Mapping

from pydantic import JsonValue

from rollway.domain.decisions import Judgement as Judged
from rollway.evidence.counts import Counts, Reading, Value
from rollway.evidence.judgement import Judgement, Totals
from rollway.store.protocol import Json

MOST_DETAIL = 300
"""Letters of what a monitor saw that are kept."""


def number(value: JsonValue) -> float:
    """A number that was kept as one."""
    return float(value) if isinstance(value, int | float | str) else 0.0


def written(reading: Reading | Value | None) -> Json:
    """A reading, to be kept; one that no judge can use is kept as none, for no store takes NaN."""
    match reading:
        case Reading() if not reading.readable:
            return {"u": 1}
        case Value(canary=canary, stable=stable) if not all(map(math.isfinite, (canary, stable or 0.0))):
            return {"u": 1}
        case None:
            return {"u": 1}
        case Value():
            detail: Json = {"n": reading.detail[:MOST_DETAIL]} if reading.detail else {}
            return {"v": reading.canary, "w": reading.stable, **detail}
        case Reading():
            return {"c": _series(reading.canary), "s": _series(reading.stable)}


def _series(series: Mapping[str, Counts]) -> Json:
    return {name: [counts.requests, counts.bad] for name, counts in series.items()}


def read_back(sample: Json) -> Reading | Value | None:
    """The reading that was written so."""
    if "u" in sample:
        return None
    if "v" in sample:
        stable = sample.get("w")
        detail = str(sample.get("n", ""))
        return Value(number(sample["v"]), None if stable is None else number(stable), detail)
    return Reading(_counts(sample["c"]), _counts(sample["s"]))


def _counts(series: JsonValue) -> dict[str, Counts]:
    if not isinstance(series, dict):
        return {}
    return {
        name: Counts(number(pair[0]), number(pair[1]))
        for name, pair in series.items()
        if isinstance(pair, list)
    }


def told(judgement: Judgement) -> Judged:
    """A judgement with its numbers, as events and answers have them."""
    numbers = {
        "log_e": round(judgement.log_e, 6),
        "threshold_fail": round(judgement.threshold_fail, 6),
        "log_clear": round(judgement.log_clear, 6),
        "threshold_pass": round(judgement.threshold_pass, 6),
        "dispersion": round(judgement.dispersion, 6),
        "margin": judgement.margin,
        **_arms(judgement.step),
        "rollout": _arms(judgement.rollout),
    }
    return Judged(judgement.verdict, judgement.reason, numbers, int(judgement.step.canary.requests))


def _arms(totals: Totals) -> dict[str, object]:
    return {"canary": _figures(totals.canary), "stable": _figures(totals.stable)}


def _figures(counts: Counts) -> dict[str, object]:
    return {"requests": counts.requests, "bad": counts.bad}
