"""The closing table, as text, as JSON, and as exit code."""

import json

import pytest
from rich.console import Console

from rollway.demo.options import Options
from rollway.demo.outcome import Outcome
from rollway.demo.story import chapters


def outcome(promoted: bool = True, rolled_back: bool = True, safety: float | None = 2.34567) -> Outcome:
    return Outcome(promoted, rolled_back, requests=20_123, failed=31, failed_bad=30, seconds_to_safety=safety)


@pytest.mark.parametrize(
    ("promoted", "rolled_back", "code"),
    [(True, True, 0), (True, False, 1), (False, True, 1), (False, False, 1)],
)
def test_it_ends_with_0_only_if_both_went_as_told(promoted: bool, rolled_back: bool, code: int) -> None:
    assert outcome(promoted, rolled_back).exit_code == code


def test_the_document_has_the_keys_that_scripts_read() -> None:
    assert json.loads(outcome().json()) == {
        "promoted": True,
        "rolled_back": True,
        "requests": 20123,
        "failed": 31,
        "failed_other": 1,
        "seconds_to_safety": 2.346,
    }


def test_the_document_says_null_where_nothing_was_rolled_back() -> None:
    assert json.loads(outcome(rolled_back=False, safety=None).json())["seconds_to_safety"] is None


@pytest.mark.parametrize("width", [30, 80])
def test_the_table_fits(width: int) -> None:
    console = Console(width=width, record=True, file=None, quiet=False)
    with console.capture() as captured:
        console.print(outcome().table())
    text = captured.get()
    assert "20,123" in text
    assert "2.3" in text
    assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_shares_that_are_none_are_refused(share: float) -> None:
    with pytest.raises(ValueError, match="from 0% to 100%"):
        Options(bad_errors=share)


def test_a_rate_that_nobody_can_send_is_refused() -> None:
    with pytest.raises(ValueError, match="requests a second"):
        Options(rate=1e9)


def test_only_the_bad_release_has_faults() -> None:
    first, good, bad = chapters(0.05)
    assert (first.changes.get("faults"), good.changes.get("faults"), bad.changes.get("faults")) == (
        None,
        None,
        0.05,
    )
    assert "5%" in bad.what
