"""What a plan promises: the recorded figures, and what holds for any traffic."""

import json
from math import inf
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollway.evidence.pricing import (
    LATENCY_MARGINS,
    LIKELY,
    MARGINS,
    Pricing,
    auto_margin,
    clearance,
    seconds,
)
from rollway.evidence.specification import Comparison, Latency, Limit

DATA: dict[str, Any] = json.loads((Path(__file__).parents[2] / "data" / "analysis-vectors.json").read_text())


def priced(terms: dict[str, Any]) -> Pricing:
    return Pricing(
        share=terms["share"],
        stable_bad=terms["p_stable"],
        tolerance=terms["tolerance"],
        ratio=terms["rho"],
        alpha=terms["alpha"],
        beta=terms["beta"],
        monitors=terms["monitors"],
    )


@pytest.mark.parametrize("vector", DATA["plans"], ids=lambda vector: str(vector["args"]))
def test_requests_to_decide(vector: dict[str, Any]) -> None:
    terms = DATA["plan_defaults"] | vector["args"]
    pricing = priced(terms)
    if terms["side"] == "blame":
        requests = pricing.requests_to_detect(terms["p_canary"], terms["z"])
    else:
        requests = pricing.requests_to_pass(terms["margin"], terms["p_canary"], terms["z"])
    assert requests == pytest.approx(vector["requests"], abs=1e-3)


@pytest.mark.parametrize(
    "vector", DATA["detectable"], ids=lambda vector: f"{vector['n']} at {vector['share']}"
)
def test_what_so_many_requests_detect(vector: dict[str, Any]) -> None:
    found = priced(DATA["plan_defaults"] | {"share": vector["share"]}).detectable(vector["n"])
    assert found == (vector["p_canary"] and pytest.approx(vector["p_canary"], abs=1e-6))


@pytest.mark.parametrize("vector", DATA["auto_margin"], ids=str)
def test_auto_margin(vector: dict[str, Any]) -> None:
    margins = LATENCY_MARGINS if vector.get("latency") else MARGINS
    tolerance = vector.get("tolerance", DATA["plan_defaults"]["tolerance"])
    pricing = Pricing(share=vector["share"], stable_bad=vector["p_stable"], tolerance=tolerance)
    assert auto_margin(pricing, vector["expected"], margins).margin == vector["margin"]


def test_a_release_within_the_tolerance_is_never_detected() -> None:
    assert Pricing(share=0.05).requests_to_detect(0.001) == inf


def test_a_release_at_the_clear_line_never_surely_passes() -> None:
    assert Pricing(share=0.05, stable_bad=0.001).requests_to_pass(0.01, canary_bad=0.013) == inf


def test_a_late_failure_costs_more_requests() -> None:
    early, late = Pricing(share=0.05), Pricing(share=0.05, redealt=0.1)
    assert late.requests_to_detect(0.05) > early.requests_to_detect(0.05)


def test_a_step_that_even_its_extension_cannot_clear_needs_a_person() -> None:
    pricing = Pricing(share=0.05)
    needed = pricing.requests_to_pass(0.05)
    assert clearance(Comparison(margin=0.05), pricing, needed / 10.1).needs_person
    assert not clearance(Comparison(margin=0.05), pricing, needed / 9.9).needs_person


@pytest.mark.parametrize(
    ("spec", "expected", "margin"),
    [
        (Comparison(), 600, 0.02),
        (Comparison(margin=0.03), 600, 0.03),
        (Comparison(), None, 0.05),
        (Comparison(tolerance=0.99), 0, 0.01),
        (Latency(), 0, 0.1),
        (Latency(margin=0), 600, 0),
        (Limit(0.01), 600, 0),
    ],
)
def test_the_margin_of_a_step(
    spec: Comparison | Latency | Limit, expected: float | None, margin: float
) -> None:
    assert clearance(spec, Pricing.of(spec, share=0.05), expected).margin == pytest.approx(margin)


def test_no_margin_leads_past_everything() -> None:
    """The tolerance of a latency without a fast enough boundary may be near 1."""
    assert auto_margin(Pricing(share=0.05, tolerance=0.99), 1e9, LATENCY_MARGINS).margin <= 0.01


def test_a_specification_gives_the_terms() -> None:
    assert Pricing.of(Comparison(0.01, 1.2), 0.05, monitors=3) == Pricing(0.05, 0.001, 0.01, 1.2, monitors=3)
    assert Pricing.of(Limit(0.01), 1.0, stable_bad=0.0) == Pricing(1.0, 0.0, 0.01, 0.0)


def test_seconds_until_so_many_requests_are_judged() -> None:
    assert seconds(100, per_second=10, interval=0.25) == 11
    assert seconds(100, per_second=0, interval=0.25) == inf


@pytest.mark.parametrize(("share", "ratio"), [(0, 1), (1, 1), (-0.1, 0), (1.1, 0), (float("nan"), 1)])
def test_a_share_that_cannot_be_is_refused(share: float, ratio: float) -> None:
    with pytest.raises(ValueError, match="share"):
        Pricing(share=share, ratio=ratio)


@given(
    share=st.floats(0.001, 0.99),
    stable=st.floats(0, 0.5),
    requests=st.floats(1, 1e7),
    better=st.floats(0.01, 0.9),
)
def test_more_requests_detect_what_fewer_do(
    share: float, stable: float, requests: float, better: float
) -> None:
    pricing = Pricing(share=share, stable_bad=stable)
    few, many = pricing.detectable(requests * better), pricing.detectable(requests)
    assert few is None or (many is not None and many <= few + 1e-6)


@given(share=st.floats(0.001, 0.99), stable=st.floats(0, 0.5), expected=st.floats(0, 1e6))
def test_an_auto_margin_is_no_tighter_than_the_hold_allows(
    share: float, stable: float, expected: float
) -> None:
    chosen = auto_margin(Pricing(share=share, stable_bad=stable), expected)
    assert chosen.margin == MARGINS[-1] or 1.2 * chosen.requests <= expected
    assert chosen.requests == Pricing(share=share, stable_bad=stable).requests_to_pass(
        chosen.margin, z=LIKELY
    )
