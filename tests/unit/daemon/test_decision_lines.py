"""What an operator reads who follows the journal of a rollout."""

import logging

import pytest

from rollway.domain import events as e
from rollway.domain.words import Phase
from tests.unit.daemon.histories import Telling, ended, failing, lowered, under_way


@pytest.fixture
def telling(caplog: pytest.LogCaptureFixture) -> Telling:
    caplog.set_level(logging.INFO, "rollway.rollout")
    return Telling()


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(record.levelname, record.getMessage()) for record in caplog.records]


def test_a_bad_release_can_be_followed(telling: Telling, caplog: pytest.LogCaptureFixture) -> None:
    telling.tell(*under_way(), *failing(10.0))
    assert lines(caplog) == [
        ("INFO", "rollout started, v1 is stable"),
        ("INFO", f"step 1 of 7: {name(telling, 1)}"),
        ("INFO", f"step 2 of 7: {name(telling, 2)}"),
        ("INFO", f"step 3 of 7: {name(telling, 3)}"),
        ("INFO", f"step 4 of 7: {name(telling, 4)}"),
        ("WARNING", "error-rate: fail: 5 % fail"),
        ("WARNING", "taken back: 5 % fail"),
        ("WARNING", "v2 is at weight 0"),
        ("WARNING", "rollout ended, rolled_back: so"),
    ]


def name(telling: Telling, step: int) -> str:
    assert telling.state is not None
    return telling.state.admitted.plan.steps[step - 1].name


def test_every_line_says_of_what_it_speaks(telling: Telling, caplog: pytest.LogCaptureFixture) -> None:
    telling.tell(*under_way(), *failing(10.0))
    for record in caplog.records:
        assert record.__dict__["rollout"] == "r2"
        assert record.__dict__["environment"] == "shop/prod"
        assert record.__dict__["release"] == "v2"
    assert [record.__dict__["step"] for record in caplog.records[:5]] == [1, 1, 2, 3, 4]


def test_who_asked_is_told(telling: Telling, caplog: pytest.LogCaptureFixture) -> None:
    telling.tell(*under_way())
    caplog.clear()
    telling.tell((6.0, e.PauseRequested(reason="lunch")), (7.0, e.ResumeRequested()), actor="user:bob")
    assert lines(caplog) == [("INFO", "pause asked for: lunch"), ("INFO", "resume asked for")]
    assert {record.__dict__["actor"] for record in caplog.records} == {"user:bob"}


def test_what_needs_a_person_is_an_error(telling: Telling, caplog: pytest.LogCaptureFixture) -> None:
    telling.tell(
        *under_way(),
        (6.0, e.RollbackStarted(because=e.Because.STEP, reason="no")),
        (6.0, e.RollbackDelayed(reason="stable has no healthy instance")),
    )
    assert lines(caplog)[-1] == ("ERROR", "it cannot be taken back yet: stable has no healthy instance")
    telling.tell(*lowered(8.0), *ended(9.0, Phase.FAILED))
    assert lines(caplog)[-1] == ("ERROR", "rollout ended, failed: so")
