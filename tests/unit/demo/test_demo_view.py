"""The live picture and the lines, drawn without a terminal."""

import io

import pytest
from rich.console import Console, RenderableType

from rollway.demo.documents import RolloutDocument
from rollway.demo.scene import Scene, compose
from rollway.demo.tally import Answer, Tally
from rollway.demo.teller import LiveTeller, PlainTeller, teller
from rollway.demo.telling import Sentence, Tone
from rollway.demo.view import Bar, line, picture, spark

PLAN = [
    {"index": 1, "name": "25% of traffic", "kind": "shift"},
    {"index": 2, "name": "watch for 10 s", "kind": "observe"},
    {"index": 3, "name": "50% of traffic", "kind": "shift"},
]


def rollout(**changes: object) -> RolloutDocument:
    return RolloutDocument.model_validate(
        {
            "id": "r1",
            "release": "1.2",
            "previous_release": "1.1",
            "phase": "running",
            "weight": 25,
            "step": {"index": 2, "of": 3, "name": "watch for 10 s"},
            "plan": PLAN,
            "verdicts": [
                {
                    "monitor": "error-rate",
                    "verdict": "inconclusive",
                    "evidence": {"log_e": 2.3, "log_clear": -1},
                }
            ],
            **changes,
        }
    )


def visitors() -> Tally:
    """20 seconds at 8 requests a second; from second 15 on every fourth goes to 1.2, and half of those fail."""
    tally = Tally()
    for number in range(160):
        at = 100 + number / 8
        canary = at >= 115 and number % 4 == 0
        status = 500 if canary and number % 8 == 0 else 200
        tally.add([Answer(at, 0.01, status, "1.2" if canary else "1.1")])
    return tally


def drawn(thing: RenderableType, width: int) -> str:
    console = Console(width=width, file=io.StringIO(), record=True, force_terminal=False)
    console.print(thing)
    return console.export_text()


def scene(tally: Tally | None = None, now: RolloutDocument | None = None) -> Scene:
    return compose(34.2, "1.2: a bad release", tally or visitors(), now or rollout())


def test_a_scene_has_the_numbers_of_both_releases() -> None:
    now = scene()
    stable, canary = now.releases
    assert (stable.name, stable.weight, canary.name, canary.weight) == ("1.1", 75, "1.2", 25)
    assert (now.requests, now.failed, now.per_second) == (160, 5, 8)
    assert (canary.recent.requests, canary.recent.failed) == (10, 5)
    assert stable.recent.failed == 0
    assert canary.history[-1] == 0.5
    assert canary.history[0] is None
    assert (now.now, now.next) == ("step 2 of 3: watch for 10 s", "50% of traffic")


def test_a_scene_before_the_first_request() -> None:
    now = compose(0.1, "The daemon starts", Tally(), None)
    assert (now.requests, now.per_second, now.releases, now.verdict) == (0, 0, (), None)
    assert "The daemon starts" in drawn(picture(now), 80)


@pytest.mark.parametrize(
    ("changes", "now", "following"),
    [
        ({"phase": "rolling_back", "weight": 0}, "rolling back", "1.1 has all traffic again"),
        ({"phase": "rolled_back", "weight": 0}, "rolled back", ""),
        ({"phase": "paused", "waiting_for": "evidence"}, "paused, waits for evidence", "50% of traffic"),
        ({"phase": "running", "step": None}, "running", ""),
        ({"step": {"index": 3, "of": 3, "name": "50% of traffic"}}, "step 3 of 3: 50% of traffic", ""),
    ],
)
def test_a_scene_says_what_is_and_what_comes(changes: dict[str, object], now: str, following: str) -> None:
    composed = scene(now=rollout(**changes))
    assert (composed.now, composed.next) == (now, following)


def test_a_first_release_stands_alone() -> None:
    composed = scene(now=rollout(previous_release=None, weight=100))
    assert [(release.name, release.weight) for release in composed.releases] == [("1.2", 100)]
    assert "1.2 100%" in drawn(picture(composed), 80)


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_the_picture_fits(width: int) -> None:
    text = drawn(picture(scene()), width)
    assert max(map(len, text.splitlines())) <= width
    for word in ("traffic", "against", "visitors", "1.1", "1.2", "75%", "25%"):
        assert word in text


def test_the_picture_shows_evidence_against_its_bound() -> None:
    text = drawn(picture(scene()), 100)
    assert "10 of 100" in text
    assert "0.37 of 20" in text
    assert "50.0% of 10" in text
    assert "8 requests/s" in text


@pytest.mark.parametrize("log_e", [-700.0, 0.0, 1e9, float("inf")])
def test_evidence_beyond_all_bounds_is_drawn_too(log_e: float) -> None:
    extreme = rollout(
        verdicts=[{"monitor": "m", "verdict": "fail", "evidence": {"log_e": log_e, "threshold_pass": 0}}]
    )
    assert "against" in drawn(picture(scene(now=extreme)), 80)


def test_a_bar_is_as_long_as_its_shares() -> None:
    assert drawn(Bar(((0.75, "cyan"), (0.25, "yellow"))), 40).strip() == "█" * 40
    assert drawn(Bar(((0.25, "red"),)), 40).strip() == "█" * 10 + "░" * 30
    assert drawn(Bar(((0.7, "red"), (0.7, "red"))), 10).strip() == "█" * 10


def test_a_spark_shows_any_failure() -> None:
    assert spark((None, 0.0, 0.0001, 0.1, 0.2, 1.0)) == " ▁▂▅██"


@pytest.mark.parametrize("tone", Tone)
def test_a_line_says_when_who_and_what(tone: Tone) -> None:
    assert drawn(line(3.21, Sentence("1.2", "[bold]is[/bold] taken back", tone)), 80) == (
        "   3.2 s  1.2     [bold]is[/bold] taken back\n"
    )


def test_without_a_terminal_the_story_is_told_in_lines_of_any_length() -> None:
    file = io.StringIO()
    plain = teller(Console(file=file, width=40), plain=False)
    assert isinstance(plain, PlainTeller)
    plain.tell(1, Sentence("1.2", "x" * 100))
    plain.show(scene())
    plain.close()
    assert file.getvalue().count("\n") == 1


def test_on_a_terminal_the_picture_moves_and_is_gone_at_the_end() -> None:
    file = io.StringIO()
    live = teller(Console(file=file, width=80, force_terminal=True), plain=False)
    assert isinstance(live, LiveTeller)
    live.show(scene())
    live.tell(1, Sentence("1.2", "is taken back", Tone.BAD))
    live.close()
    live.close()
    assert "against it" in file.getvalue()
    assert "is taken back" in file.getvalue()
    assert isinstance(teller(Console(file=file, force_terminal=True), plain=True), PlainTeller)
