"""The accounting of the visitors, over records of requests."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollway.demo.load import read_report, report
from rollway.demo.outcome import Outcome
from rollway.demo.tally import NOTHING, Answer, Tally

BAD = "1.2"
ANSWERS = st.lists(
    st.builds(
        Answer,
        at=st.floats(0, 100),
        seconds=st.floats(0, 10),
        status=st.sampled_from([None, 200, 201, 303, 404, 500, 503]),
        release=st.sampled_from([None, "1.0", "1.1", BAD]),
    )
)


def tallied(*answers: Answer) -> Tally:
    tally = Tally()
    tally.add(answers)
    return tally


def answer(at: float, status: int | None = 200, release: str | None = "1.1") -> Answer:
    return Answer(at, 0.01, status, release)


@pytest.mark.parametrize(
    ("status", "failed"),
    [(200, False), (201, False), (303, False), (399, False), (400, True), (500, True), (None, True)],
)
def test_an_answer_fails_when_it_is_none_or_an_error(status: int | None, failed: bool) -> None:
    assert answer(0, status).failed is failed


def test_failures_are_the_bad_releases_only_where_it_answered() -> None:
    tally = tallied(
        answer(1, 200),
        answer(2, 500, BAD),
        answer(3, 503, None),  # the proxy's own answer while the bad release had traffic
        answer(4, None, None),  # no answer at all
        answer(5, 500, "1.1"),
        answer(6, 200, BAD),
    )
    assert (tally.requests, tally.failed, tally.of(BAD).failed, tally.failed_other(BAD)) == (6, 4, 1, 3)
    assert tally.releases == ("1.1", BAD)


def test_safety_is_from_the_first_bad_answer_to_the_last_of_any_kind() -> None:
    tally = tallied(
        answer(1, 200, BAD), answer(7.5, 200, BAD), answer(4, 500, BAD), answer(2.5, 500, BAD), answer(9, 500)
    )
    assert tally.seconds_to_safety(BAD) == 5.0


def test_there_is_no_time_to_safety_without_a_bad_answer() -> None:
    assert tallied(answer(1, 200, BAD)).seconds_to_safety(BAD) is None
    assert Tally().seconds_to_safety(BAD) is None


def test_seconds_are_told_apart() -> None:
    tally = tallied(answer(3.1), answer(3.9, 500), answer(4.0))
    assert tally.second(3)["1.1"].requests == 2
    assert tally.second(3)["1.1"].failed == 1
    assert tally.second(4)["1.1"].failed == 0
    assert (tally.second(9), tally.latest, Tally().latest) == ({}, 4, None)


@given(ANSWERS, st.randoms())
def test_the_order_of_answers_does_not_matter(answers: list[Answer], chance: Random) -> None:
    shuffled = chance.sample(answers, len(answers))
    one, other = tallied(*answers), tallied(*shuffled)
    for release in ("1.0", "1.1", BAD, None):
        assert one.of(release) == other.of(release)


@given(ANSWERS)
def test_every_request_is_counted_once(answers: list[Answer]) -> None:
    tally = tallied(*answers)
    assert tally.requests == len(answers)
    assert tally.failed == sum(each.failed for each in answers)
    assert tally.failed == tally.of(BAD).failed + tally.failed_other(BAD)
    seconds = range(101)
    assert sum(s.requests for second in seconds for s in tally.second(second).values()) == len(answers)


@given(ANSWERS)
def test_safety_is_never_negative(answers: list[Answer]) -> None:
    seconds = tallied(*answers).seconds_to_safety(BAD)
    assert seconds is None or seconds >= 0


@given(ANSWERS)
def test_a_report_says_what_was_reported(answers: list[Answer]) -> None:
    assert read_report(report(answers)) == answers


def test_the_outcome_says_no_time_to_safety_for_what_was_not_rolled_back() -> None:
    tally = tallied(answer(1, 500, BAD), answer(2, 200, BAD))
    assert Outcome.of(tally, BAD, promoted=True, rolled_back=False).seconds_to_safety is None
    assert Outcome.of(tally, BAD, promoted=True, rolled_back=True).seconds_to_safety == 1.0


def test_nothing_is_nothing() -> None:
    assert (NOTHING.requests, NOTHING.failed, NOTHING.first_failed_at, NOTHING.last_at) == (0, 0, None, None)
