"""Each promise names the tests that hold it, and they are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "explanation" / "reliability.md").read_text(encoding="utf-8")
PROMISES = [line for line in PAGE.splitlines() if line.startswith("| **")]


def test_every_test_that_is_named_exists() -> None:
    named = set(re.findall(r"`(tests/[\w/]+(?:\.py)?)`", PAGE))
    assert {path for path in named if not (ROOT / path).exists()} == set()
    assert len(named) > 20


def test_every_promise_says_what_it_rests_on_and_names_its_tests() -> None:
    assert len(PROMISES) > 10
    for line in PROMISES:
        promise, rests_on, held_by = line.strip("| ").split(" | ")
        assert len(rests_on) > 20, promise
        assert "`tests/" in held_by, promise


def test_what_is_not_promised_is_said() -> None:
    assert "\n## What is not promised\n" in PAGE
