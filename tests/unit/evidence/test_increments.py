"""Counters that restart, tear and vanish, and what is still counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollway.evidence.counts import LARGEST, Counts, Increments, Reading
from rollway.evidence.samples import CountSampler, Sample

READINGS: dict[str, tuple[list[dict[str, Counts]], Counts]] = {
    "the first reading is the base": ([{"a": Counts(100, 5)}], Counts()),
    "then the difference counts": ([{"a": Counts(100, 5)}, {"a": Counts(110, 6)}], Counts(10, 1)),
    "fewer requests: restarted from 0": ([{"a": Counts(100, 5)}, {"a": Counts(7, 1)}], Counts(7, 1)),
    "fewer bad ones: restarted from 0": ([{"a": Counts(100, 5)}, {"a": Counts(101, 4)}], Counts(101, 4)),
    "one of two restarted": (
        [{"a": Counts(100, 5), "b": Counts(200, 9)}, {"a": Counts(110, 5), "b": Counts(3, 0)}],
        Counts(13, 0),
    ),
    "a series that appears later is a base": (
        [{"a": Counts(100, 5)}, {"a": Counts(110, 5), "b": Counts(900, 90)}],
        Counts(10, 0),
    ),
    "a series that was away covers its gap": (
        [
            {"a": Counts(100, 5), "b": Counts(50, 0)},
            {"a": Counts(110, 5)},
            {"a": Counts(120, 5), "b": Counts(80, 3)},
        ],
        Counts(40, 3),
    ),
    "a torn read carries what is too much": (
        [{"a": Counts(10, 0)}, {"a": Counts(11, 3)}, {"a": Counts(15, 3)}],
        Counts(4, 2),
    ),
    "a restart forgets what was torn": (
        [{"a": Counts(10, 0)}, {"a": Counts(11, 3)}, {"a": Counts(4, 0)}],
        Counts(4, 0),
    ),
}


@pytest.mark.parametrize("case", READINGS)
def test_what_is_new_in_the_last_reading(case: str) -> None:
    readings, expected = READINGS[case]
    increments = Increments()
    assert [increments.take(series) for series in readings][-1] == expected


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), min_size=1))
def test_nothing_is_lost_and_never_more_bad_than_requests(steps: list[tuple[int, int]]) -> None:
    """Whatever the order in which requests and bad ones become visible, in the end all are counted."""
    increments, total, now = Increments(), Counts(), Counts()
    increments.take({"a": now})
    for requests, bad in [*steps, (1000 * len(steps), 0)]:
        now = now + Counts(requests, bad)
        new = increments.take({"a": now})
        assert new.bad <= new.requests
        total = total + new
    assert total == now


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -1.0, LARGEST * 2])
@pytest.mark.parametrize("arm", ["canary", "stable"])
@pytest.mark.parametrize("counter", ["requests", "bad"])
def test_one_wrong_number_makes_the_sample_unreadable_for_both_arms(
    wrong: float, arm: str, counter: str
) -> None:
    sampler = CountSampler(needs_stable=True)
    sampler.take(Reading.of(Counts(), Counts()))
    counts = {"canary": {"": Counts(10, 1)}, "stable": {"": Counts(90, 1)}}
    spoilt = {"requests": 10.0, "bad": 0.0, counter: wrong}
    assert sampler.take(Reading(**(counts | {arm: {"": Counts(5, 0), "b": Counts(**spoilt)}}))) is None
    assert sampler.unreadable == 1
    # The bases stayed: the next reading covers the gap.
    assert sampler.take(Reading.of(Counts(20, 2), Counts(180, 2))) == Sample(Counts(20, 2), Counts(180, 2), 2)
    assert sampler.unreadable == 0


def test_counts_wait_until_both_arms_have_requests() -> None:
    sampler = CountSampler(needs_stable=True)
    readings = [
        Reading.of(Counts(n, 0), Counts(stable, 0)) for n, stable in ((0, 0), (5, 0), (5, 0), (9, 40))
    ]
    assert [sampler.take(reading) for reading in readings] == [
        None,
        None,
        None,
        Sample(Counts(9, 0), Counts(40, 0), 3),
    ]


def test_a_limit_waits_for_the_canary_alone() -> None:
    sampler = CountSampler(needs_stable=False)
    readings = [Reading.of(Counts(n, 0)) for n in (0, 0, 5)]
    assert [sampler.take(reading) for reading in readings] == [None, None, Sample(Counts(5, 0), Counts(), 2)]


def test_a_new_step_drops_what_waits() -> None:
    sampler = CountSampler(needs_stable=True)
    for canary in (0, 5, 9):
        sampler.take(Reading.of(Counts(canary, canary), Counts(0, 0)))
    sampler.drop()
    assert sampler.take(Reading.of(Counts(10, 9), Counts(40, 0))) == Sample(Counts(1, 0), Counts(40, 0), 1)


def test_a_gap_at_a_new_step_is_still_covered_by_the_next_reading() -> None:
    sampler = CountSampler(needs_stable=True)
    sampler.take(Reading.of(Counts(), Counts()))
    sampler.take(None)
    sampler.drop()
    assert sampler.take(Reading.of(Counts(2, 0), Counts(8, 0))) == Sample(Counts(2, 0), Counts(8, 0), 2)


def test_unreadable_before_the_first_reading_covers_nothing() -> None:
    sampler = CountSampler(needs_stable=True)
    for reading in (None, None, Reading.of(Counts(), Counts())):
        assert sampler.take(reading) is None
    assert sampler.take(Reading.of(Counts(1, 0), Counts(1, 0))) == Sample(Counts(1, 0), Counts(1, 0), 1)
