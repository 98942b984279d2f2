"""Whoever follows is told that nobody drives the rollout, once, and that somebody does again."""

import io
import time

import pytest
from rich.console import Console

from rollway.cli.attention import LOOK_EVERY, Attention, tell_problem
from rollway.cli.live import picture
from rollway.cli.tables import rollout
from rollway.http.documents import RolloutDocument
from tests.unit.cli.test_told import ID, document
from tests.unit.http.memory_usecases import HEALTHY_CANARY

WELL = document(*HEALTHY_CANARY).model_copy(update={"daemon": "web-7:1:ab"})
LOST = WELL.model_copy(
    update={"daemon": None, "problem": "waiting for a daemon of node web-7", "advice": "start one there"}
)


def told(first: RolloutDocument, *looks: RolloutDocument, capsys: pytest.CaptureFixture[str]) -> list[str]:
    nobody = Attention(lambda: first, first)
    for each in looks:
        nobody.heard(each)
    return capsys.readouterr().err.splitlines()


SAID = "rollway: waiting for a daemon of node web-7; start one there"
AGAIN = "rollway: it is driven again, by web-7:1:ab"


@pytest.mark.parametrize(
    ("first", "looks", "said"),
    [
        (WELL, [WELL, WELL], []),
        (WELL, [LOST, WELL], []),
        (WELL, [LOST, LOST, LOST], [SAID]),
        (WELL, [LOST, LOST, WELL, WELL], [SAID, AGAIN]),
        (LOST, [LOST, WELL], [AGAIN]),
        (LOST, [WELL, LOST, WELL, LOST, LOST], [AGAIN, SAID]),
    ],
    ids=["never", "a restart", "lost", "lost and back", "lost from the start", "lost twice"],
)
def test_what_is_said(
    first: RolloutDocument,
    looks: list[RolloutDocument],
    said: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert told(first, *looks, capsys=capsys) == said


def test_it_is_looked_at_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now, looks = [100.0], []
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    nobody = Attention(lambda: looks.append(now[0]) or WELL, WELL)  # type: ignore[func-returns-value]
    for _ in range(12):
        now[0] += 1.0
        nobody()
    assert looks == [100.0 + LOOK_EVERY * n for n in range(1, 5)]


def test_nothing_is_said_of_what_is_driven(capsys: pytest.CaptureFixture[str]) -> None:
    tell_problem(WELL)
    tell_problem(LOST)
    assert capsys.readouterr().err == f"{SAID}\n"


@pytest.mark.parametrize("width", [40, 80, 120])
def test_it_stands_in_the_live_picture_and_in_get(width: int) -> None:
    for shown in (picture(LOST, width), rollout(LOST)):
        out = io.StringIO()
        Console(file=out, width=width, force_terminal=False).print(shown)
        assert "waiting for a daemon of node web-7" in " ".join(out.getvalue().split())
    assert ID in LOST.id
