"""What a follower says of a rollout that waits, and which lines of an output are new: pure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollway.cli.commands.records import added
from rollway.cli.waiting import how_to_go_on, waits
from rollway.domain import events as e
from tests.unit.cli.test_told import ID, document, shown
from tests.unit.http.memory_usecases import HEALTHY_CANARY

NO_DATA = e.EvidenceAwaited(step=4, reason="error-rate is no_data: no request reached the canary")
PAUSED = e.PauseRequested(reason="paused by ann")


@pytest.mark.parametrize(
    ("event", "said", "typed"),
    [
        (PAUSED, "it waits for a person: paused by ann", ["resume", "abort"]),
        (NO_DATA, f"it waits for evidence: {NO_DATA.reason}", ["promote", "resume", "abort"]),
    ],
)
def test_it_says_for_whom_and_for_what_and_what_to_type(
    event: e.RolloutEvent, said: str, typed: list[str]
) -> None:
    waiting = document(*HEALTHY_CANARY, event)
    assert waits(waiting) == said
    assert [each.split()[1] for each in how_to_go_on(waiting).split("rollway")[1:]] == [
        ID + ("," if verb != typed[-1] else "") for verb in typed
    ]
    assert all(f"rollway {verb} {ID}" in how_to_go_on(waiting) for verb in typed)
    picture = " ".join(shown(*HEALTHY_CANARY, event, width=200).split())
    assert said in picture
    assert f"rollway {typed[0]} {ID}" in picture


def test_one_that_goes_on_is_followed_or_stopped() -> None:
    assert how_to_go_on(document(*HEALTHY_CANARY)) == (
        f"follow it: rollway watch {ID}, stop it: rollway abort {ID}"
    )


@pytest.mark.parametrize(
    ("before", "after", "new"),
    [
        ([], ["a"], ["a"]),
        (["a"], ["a"], []),
        (["a", "b"], ["b", "c"], ["c"]),
        (["a", "b", "a"], ["a", "b", "a", "b"], ["b"]),
        (["a", "b"], ["x", "y"], ["x", "y"]),
        (["a"], [], []),
    ],
)
def test_the_lines_that_are_new(before: list[str], after: list[str], new: list[str]) -> None:
    assert added(before, after) == new


@given(st.lists(st.integers(), unique=True), st.data())
def test_no_line_is_told_twice_and_none_is_left_out(numbers: list[int], data: st.DataObject) -> None:
    lines = [str(n) for n in numbers]
    seen = data.draw(st.integers(0, len(lines)))
    kept = data.draw(st.integers(max(1, len(lines) - seen), max(1, len(lines))))
    told = added(lines[:seen][-kept:], lines[-kept:])
    assert told == lines[seen:]
