"""Bursts of the stable release, learned and stored."""

import json
import random
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from rollway.evidence.dispersion import Dispersion, DispersionState

COUNTS = st.tuples(st.integers(0, 500), st.integers(0, 50), st.integers(1, 6))


def bursts(size: int, seconds: int, seed: int) -> Dispersion:
    """Stable at 200 requests a second, one cause in two seconds, each with `size` errors within its second."""
    rng, dispersion = random.Random(seed), Dispersion(1.0)
    for _ in range(seconds):
        dispersion.learn(200, size if rng.random() < 0.5 else 0)
    return dispersion


def test_without_anything_seen_errors_are_independent() -> None:
    assert Dispersion(0.25).value == 1
    assert Dispersion(0.25).seconds == 0


@pytest.mark.parametrize("size", [5, 10, 20])
def test_the_burst_size_is_found(size: int) -> None:
    assert size / 2 <= bursts(size, 600, seed=1).value <= 2 * size


def test_independent_errors_stay_near_one() -> None:
    rng, dispersion = random.Random(1), Dispersion(1.0)
    for _ in range(1200):
        dispersion.learn(200, sum(rng.random() < 0.01 for _ in range(200)))
    assert dispersion.value < 1.5


@given(st.lists(COUNTS))
def test_never_below_one(samples: list[tuple[int, int, int]]) -> None:
    dispersion = Dispersion(0.25)
    for sample in samples:
        dispersion.learn(*sample)
        assert 1 <= dispersion.value <= 30


@given(before=st.lists(COUNTS), after=st.lists(COUNTS))
def test_what_was_stored_goes_on_exactly(
    before: list[tuple[int, int, int]], after: list[tuple[int, int, int]]
) -> None:
    kept = Dispersion(0.25)
    for sample in before:
        kept.learn(*sample)
    stored = json.dumps(asdict(kept.state))
    restored = Dispersion(0.25, TypeAdapter(DispersionState).validate_json(stored))
    for sample in after:
        kept.learn(*sample)
        restored.learn(*sample)
    assert restored.state == kept.state
    assert restored.value == kept.value


def test_another_interval_keeps_what_is_known() -> None:
    learned = bursts(10, 121, seed=1)
    moved = Dispersion(0.25, learned.state)
    assert moved.value == learned.value
    assert moved.seconds == 121
    # Unfinished blocks and the last ones are not comparable any more.
    moved.learn(200, 200, 4)
    assert moved.value == learned.value


def test_blocks_with_very_different_traffic_are_not_compared() -> None:
    dispersion = Dispersion(1.0)
    for requests, bad in ((100, 0), (1000, 50), (100, 0)):
        dispersion.learn(requests, bad)
    assert dispersion.value == 1


def test_only_seconds_with_traffic_count_as_seen() -> None:
    dispersion = Dispersion(0.25)
    dispersion.learn(0, 0, 40)
    dispersion.learn(10, 0, 2)
    assert dispersion.seconds == 0.5
