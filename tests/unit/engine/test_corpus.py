"""Logs that released versions left behind mean today what they meant then; logs of the future are refused."""

import json
from dataclasses import replace
from typing import Any, cast

import pytest

from rollway.domain import events as e
from rollway.engine.codec import UnreadableEvent, decode, encode
from rollway.store import Recorded
from tests.corpus.logs import Kept, ends, kept

KEPT = kept()
RECORDED = Recorded("rollout:r1", 3, "StepFailed", 1, "system:engine", 1.0, {"step": 2, "reason": "no room"})


@pytest.mark.parametrize("log", KEPT, ids=lambda log: f"{log.version}/{log.name}")
def test_a_stored_log_folds_to_what_it_meant(log: Kept) -> None:
    assert json.loads(json.dumps(ends(log.sql()))) == log.expected


def test_something_is_kept_in_every_kind_of_step_that_lasts() -> None:
    found = {state["steps"][state["step"] - 1] for state in under_way()}
    assert found >= {"Verify", "Shift", "Observe"}


def test_every_way_to_end_is_kept() -> None:
    phases = {cast("dict[str, str]", state)["phase"] for log in KEPT for state in log.expected.values()}
    assert phases >= {"promoted", "rolled_back", "aborted", "failed", "paused", "rolling_back", "running"}


def under_way() -> list[dict[str, Any]]:
    states = [
        cast("dict[str, Any]", state)
        for log in KEPT
        for stream, state in log.expected.items()
        if stream.startswith("rollout:")
    ]
    return [each for each in states if each["phase"] in ("running", "promoting") and each["started"]]


@pytest.mark.parametrize("newer", [{"type": "StepSkipped"}, {"v": 2}], ids=["type", "version"])
def test_an_event_of_a_newer_version_is_refused_and_told_where_it_is(newer: dict[str, Any]) -> None:
    with pytest.raises(UnreadableEvent, match=r"rollout:r1 has event 3, .* of a newer rollway"):
        decode(replace(RECORDED, **newer))


def test_a_field_that_a_newer_version_added_is_passed_over() -> None:
    """Within one `v` fields are only added, and none that changes what the others mean."""
    with_more = replace(RECORDED, data={**RECORDED.data, "since": 17.5})
    assert decode(with_more) == decode(RECORDED)


def test_a_field_that_an_older_version_did_not_have_yet_gets_its_default() -> None:
    assert decode(RECORDED).event == e.StepFailed(step=2, reason="no room", hung=False)
    assert encode(e.StepFailed(step=2, reason="no room"), "a:b", 1.0).data["hung"] is False
