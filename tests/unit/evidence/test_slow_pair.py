"""Which buckets of a histogram a latency comparison reads."""

import json
from pathlib import Path
from typing import Any

import pytest

from rollway.evidence.latency import NoBoundary, SlowPair, boundary, slow_pair

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "data" / "analysis-vectors.json").read_text()
)["slow_pairs"]


def pair(vector: dict[str, Any]) -> SlowPair | None:
    *bounds, infinite = vector["bounds"]
    assert infinite == "+Inf"
    *counts, requests = vector["cumulative"]
    return slow_pair(bounds, counts, requests, vector["quantile"], vector["factor"])


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_recorded_pairs(vector: dict[str, Any]) -> None:
    try:
        found = pair(vector)
    except NoBoundary:
        found = None
    assert (found and [found.stable, found.canary, pytest.approx(found.tolerance)]) == vector["expect"]


def test_the_slowdown_that_is_really_tested() -> None:
    assert SlowPair(0.25, 0.5).effective == 2


def test_no_boundary_above_says_what_is_missing() -> None:
    with pytest.raises(NoBoundary, match=r"at or above 3\.6, the last is 3"):
        slow_pair([1, 2, 3], [10, 20, 900], 1000, 0.9, 1.2)


def test_without_any_boundary_there_is_nothing_to_compare() -> None:
    with pytest.raises(NoBoundary):
        slow_pair([], [], 1000, 0.9, 1.2)
    with pytest.raises(NoBoundary):
        boundary([], 0.5)


@pytest.mark.parametrize(
    ("least", "found"), [(0.1, 0.1), (0.11, 0.12), (0.1 * 1.2, 0.12), (0.3, 0.3), (0.1 + 0.2, 0.3)]
)
def test_a_boundary_is_met_in_spite_of_binary_fractions(least: float, found: float) -> None:
    assert boundary([0.1, 0.12, 0.3], least) == found
