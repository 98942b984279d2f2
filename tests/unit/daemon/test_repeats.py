"""A trouble that lasts."""

import logging

import pytest
from structlog.contextvars import bound_contextvars

from rollway.daemon.repeats import AGAIN_AFTER, MOST_KNOWN, Repeats


@pytest.fixture
def repeats() -> Repeats:
    return Repeats()


def said(text: str, at: float, level: int = logging.WARNING) -> logging.LogRecord:
    record = logging.LogRecord("rollway", level, __file__, 1, "%s", (text,), None)
    record.created = 1_000.0 + at
    return record


def test_it_is_told_at_once_and_then_seldom(repeats: Repeats) -> None:
    told = [at for at in range(70) if repeats.filter(said("the disk is full", at))]
    assert told == [0, AGAIN_AFTER, 2 * AGAIN_AFTER]


def test_how_often_it_came_is_told_with_the_next(repeats: Repeats) -> None:
    assert repeats.filter(said("the disk is full", 0))
    for _ in range(7):
        repeats.filter(said("the disk is full", 1))
    later = said("the disk is full", AGAIN_AFTER)
    assert repeats.filter(later)
    assert later.__dict__["repeated"] == 7


def test_another_trouble_is_another_line(repeats: Repeats) -> None:
    assert repeats.filter(said("the disk is full", 0))
    assert repeats.filter(said("the router is gone", 0))
    with bound_contextvars(rollout="r2"):
        assert repeats.filter(said("the disk is full", 0))


def test_what_is_no_trouble_is_always_told(repeats: Repeats) -> None:
    assert all(repeats.filter(said("step 1", 0, logging.INFO)) for _ in range(3))


def test_a_clock_set_back_hides_nothing(repeats: Repeats) -> None:
    assert repeats.filter(said("the disk is full", 0))
    assert repeats.filter(said("the disk is full", -3_600))


def test_it_remembers_no_more_than_it_may(repeats: Repeats) -> None:
    assert all(repeats.filter(said(f"trouble {i}", 0)) for i in range(MOST_KNOWN + 1))
    assert not repeats.filter(said(f"trouble {MOST_KNOWN}", 1))
    assert repeats.filter(said("trouble 0", 1))
