"""The judge against the recorded sequences of `tests/data/analysis-vectors.json`, to six digits."""

import json
from pathlib import Path
from typing import Any

import pytest

from rollway.evidence.counts import Counts, Reading, Value
from rollway.evidence.dispersion import LARGEST_PAIR, SCALES, Dispersion
from rollway.evidence.judge import REDEAL_STEP, UNREADABLE_LIMIT, Judge
from rollway.evidence.pricing import LATENCY_MARGINS, MARGINS
from rollway.evidence.purse import CASH, CEILING, CLEAR, ODDS
from rollway.evidence.specification import Comparison, Latency, Limit, Scalar, Specification
from rollway.evidence.terms import REDEAL_MOST, REDEAL_SECONDS

DATA: dict[str, Any] = json.loads((Path(__file__).parents[2] / "data" / "analysis-vectors.json").read_text())
VECTORS: list[dict[str, Any]] = DATA["vectors"]


def specification(vector: dict[str, Any]) -> Specification:
    settings = vector["settings"]
    match vector["monitor"]:
        case "error_rate":
            return Comparison(settings["tolerance"], settings["rho"])
        case "absolute":
            return Limit(settings["tolerance"])
        case "latency":
            return Latency(0.99, 1.2)
        case "scalar":
            return Scalar(">", 0.5)
    raise AssertionError(vector["monitor"])


def reading(raw: list[float] | float | None) -> Reading | Value | None:
    match raw:
        case None:
            return None
        case [n, e]:
            return Reading.of(Counts(n, e))
        case [n, e, stable_n, stable_e]:
            return Reading.of(Counts(n, e), Counts(stable_n, stable_e))
        case float() | int():
            return Value(raw)
    raise AssertionError(raw)


def judge(vector: dict[str, Any]) -> Judge:
    settings = vector["settings"]
    interval = settings.get("interval", 15.0)
    dispersion = Dispersion(interval)
    for requests, bad in vector.get("warm_up", []):
        dispersion.learn(requests, bad)
    return Judge(
        specification(vector),
        interval=interval,
        monitors=settings["monitors"],
        margin=settings.get("margin", 0.0),
        alpha=settings["alpha"],
        beta=settings["beta"],
        dispersion=dispersion,
        min_samples=settings.get("min_samples"),
    )


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_sequence(vector: dict[str, Any]) -> None:
    tested, expected = judge(vector), vector["expect"]
    for index, raw in enumerate(vector["readings"]):
        if index in vector.get("new_step_before", []):
            tested.new_step(vector["settings"]["margin"])
        tested.read(reading(raw))
        said = tested.judgement()
        assert said.log_e == pytest.approx(expected["log_e"][index], abs=1e-6), index
        assert said.log_clear == pytest.approx(expected["log_clear"][index], abs=1e-6), index
        assert said.dispersion == pytest.approx(expected["dispersion"][index], abs=1e-6), index
        assert said.verdict == expected["verdict"][index], index


def test_constants() -> None:
    assert DATA["constants"] == {
        "ODDS": list(ODDS),
        "CLEAR": list(CLEAR),
        "CASH": CASH,
        "REDEAL_PER_SECOND": 1 / REDEAL_SECONDS,
        "REDEAL_STEP": REDEAL_STEP,
        "REDEAL_SCALAR": REDEAL_MOST,
        "CEILING": CEILING,
        "INVALID_LIMIT": UNREADABLE_LIMIT,
        "MARGINS": list(MARGINS),
        "LATENCY_MARGINS": list(LATENCY_MARGINS),
        "DISPERSION_SCALES_SECONDS": [list(scale) for scale in SCALES],
        "DISPERSION_LIMIT": LARGEST_PAIR,
    }
