"""What a canary is held against where stable has no traffic any more."""

import json
from math import comb
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollway.evidence.record import against_the_record, upper_bound
from rollway.evidence.specification import Limit

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "data" / "analysis-vectors.json").read_text()
)["record_bound"]


@pytest.mark.parametrize("vector", VECTORS, ids=str)
def test_recorded_bounds(vector: dict[str, Any]) -> None:
    assert upper_bound(vector["requests"], vector["bad"]) == pytest.approx(vector["upper_99"], abs=1e-9)


@given(requests=st.integers(1, 60), data=st.data())
def test_stable_itself_would_do_so_well_in_one_case_of_a_hundred(requests: int, data: st.DataObject) -> None:
    bad = data.draw(st.integers(0, requests - 1))
    share = upper_bound(requests, bad)
    chance = sum(comb(requests, k) * share**k * (1 - share) ** (requests - k) for k in range(bad + 1))
    assert chance == pytest.approx(0.01, rel=1e-6)


@given(requests=st.integers(1, 10**5), part=st.floats(0, 1))
def test_the_bound_lies_above_what_was_seen(requests: int, part: float) -> None:
    bad = round(requests * part)
    bound = upper_bound(requests, bad)
    assert bad / requests < bound <= 1 or bad == requests


def test_all_bad_has_no_bound_below_one() -> None:
    assert upper_bound(10, 10) == 1
    assert against_the_record(0.002, 1000, 1000, 60) is None


@pytest.mark.parametrize(("requests", "bad"), [(0, 0), (10, 11), (10, -1), (-5, -5)])
def test_counts_that_are_none_are_refused(requests: int, bad: int) -> None:
    with pytest.raises(ValueError, match="bad requests"):
        upper_bound(requests, bad)


@pytest.mark.parametrize(("requests", "seconds"), [(299, 60.0), (300, 59.9)])
def test_a_short_record_says_nothing(requests: int, seconds: float) -> None:
    assert against_the_record(0.002, requests, 0, seconds) is None


def test_the_record_becomes_a_limit() -> None:
    assert against_the_record(0.002, 300, 3, 60.0) == Limit(0.002 + upper_bound(300, 3))
