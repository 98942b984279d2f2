"""What people read of a rollout: lines, figures, the live picture."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from rollway.cli.figures import against, countdown, length, requests, share
from rollway.cli.lines import told
from rollway.cli.live import picture
from rollway.cli.plain import plain
from rollway.cli.tables import instances
from rollway.cli.tables import rollout as table
from rollway.domain import events as e
from rollway.domain import rollout as fold
from rollway.domain.words import Phase
from rollway.engine.usecases import RolloutView
from rollway.http import projection
from rollway.http.documents import CountDocument, EventDocument, InstancesDocument, RolloutDocument
from rollway.http.encoding import at
from tests.unit.http.memory_usecases import (
    BEGAN,
    HEALTHY_CANARY,
    admitted,
    judged,
    promotion,
    taking_back,
)

ID = "r00000000000"


def facts(*events: e.RolloutEvent) -> list[e.Fact]:
    return [e.Fact(n, BEGAN + n, "user:ann", event) for n, event in enumerate((admitted(ID), *events), 1)]


def document(*events: e.RolloutEvent) -> RolloutDocument:
    view = RolloutView(fold.fold(facts(*events)), judgements={"error-rate": judged()}, watched=12.5)
    return projection.rollout(view)


def shown(*events: e.RolloutEvent, width: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width, force_terminal=False).print(picture(document(*events), width))
    return out.getvalue()


def test_a_rollout_taken_back_in_lines() -> None:
    events = (*HEALTHY_CANARY, *taking_back(ID))
    rollout = document(*events)
    lines = [told(projection.event(fact), rollout) for fact in facts(*events)]
    assert lines[0] == f"rollout {ID}: v1 -> v2 in shop/prod by canary, 7 steps"
    assert lines[5] == "step 3 of 7: 5%"
    assert lines[-6].startswith("error-rate: fail: ")
    assert lines[-5].startswith("rolling back: error-rate: ")
    assert lines[-4] == "weight 0: v2 gets no more requests"
    assert lines[-1].startswith("rolled_back: ")


def test_every_event_has_its_line() -> None:
    events = (*HEALTHY_CANARY, *promotion(ID))
    rollout = document(*events)
    for fact in facts(*events):
        assert told(projection.event(fact), rollout) != type(fact.event).__name__


@given(type_=st.sampled_from(sorted(each.__name__ for each in e.RolloutEvent.__args__)), data=st.dictionaries(
    st.sampled_from(["step", "reason", "settled", "monitor", "phase"]), st.none() | st.integers() | st.text()
))  # fmt: skip
def test_a_line_never_fails_on_what_a_newer_daemon_says(
    type_: str, data: dict[str, int | str | None]
) -> None:
    event = EventDocument(seq=1, at=at(BEGAN), type=type_, actor="a:b", data=dict(data))
    assert told(event, document())
    assert told(event.model_copy(update={"type": "Unheard"}), document()) == "Unheard"


@pytest.mark.parametrize("width", [30, 80, 200])
def test_the_live_picture_fits_and_says_what_matters(width: int) -> None:
    picture_ = shown(*HEALTHY_CANARY, width=width)
    assert all(len(line) <= width for line in picture_.splitlines())
    words = " ".join(picture_.split())
    for said in ("shop/prod", "v2", "running", "5%", "0:48", "100%"):
        assert said in words


def test_the_picture_of_the_end_says_why() -> None:
    assert "0.2 pp allowed" in " ".join(shown(*HEALTHY_CANARY, *taking_back(ID), width=100).split())
    waiting = e.EvidenceAwaited(step=4, reason="error-rate is no_data")
    assert "waiting for evidence" in shown(*HEALTHY_CANARY, waiting, width=100)


@pytest.mark.parametrize(
    ("phase", "stable", "canary", "said"),
    [
        (Phase.RUNNING, (3, 3), (0, 2), "stable 3/3, canary 0/2"),
        (Phase.RUNNING, (3, 3), (0, 0), "stable 3/3"),
        (Phase.RUNNING, (None, 3), (None, 2), ""),
        (Phase.ROLLED_BACK, (3, 3), (2, 0), "stable 3/3, canary 2 being stopped"),
        (Phase.PROMOTED, (2, 0), (3, 3), "stable 3/3, former stable 2 being stopped"),
        (Phase.PROMOTED, (0, 0), (3, 3), "stable 3/3"),
        (Phase.PROMOTED, (None, 0), (None, 3), ""),
    ],
)
def test_instances_by_what_they_are_at_that_moment(
    phase: Phase, stable: tuple[int | None, int], canary: tuple[int | None, int], said: str
) -> None:
    sides = [CountDocument(ready=ready, wanted=wanted) for ready, wanted in (stable, canary)]
    there = InstancesDocument(stable=sides[0], canary=sides[1])
    assert instances(document().model_copy(update={"phase": phase, "instances": there})) == said


def test_one_rollout_as_a_table() -> None:
    out = io.StringIO()
    Console(file=out, width=120).print(table(document(*HEALTHY_CANARY, *taking_back(ID, Phase.ABORTED))))
    assert "aborted" in out.getvalue()
    assert "(unverified)" in out.getvalue()


def test_evidence_against_its_bounds() -> None:
    verdict = document(*HEALTHY_CANARY).verdicts[0]
    assert requests(verdict) == "canary 2 bad of 120, stable 3 bad of 2,280"
    assert against(verdict) == "harm 27%, safe 0%"
    assert share(None, 3) is None
    assert share(9, 3) == 1.0
    assert share("many", 3) is None


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (45, "45 s"), (300, "5 min"), (5400, "1 h 30 min"), (86400, "24 h")]
)
def test_lengths(seconds: float, text: str) -> None:
    assert length(seconds) == text


def test_countdowns() -> None:
    assert (countdown(47.2), countdown(0), countdown(-3), countdown(725)) == ("0:48", "0:00", "0:00", "12:05")


@given(st.text())
def test_nothing_from_elsewhere_steers_the_terminal(text: str) -> None:
    safe = plain(text)
    assert len(safe) == len(text)
    assert all(each in "\n\t" or (ord(each) >= 0x20 and not 0x7F <= ord(each) < 0xA0) for each in safe)
