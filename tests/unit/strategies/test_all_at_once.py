"""The strategy all-at-once as a table: one switch, held while the monitors watch."""

from dataclasses import replace

import pytest
from pydantic import ValidationError

from rollway.api import CANARY as NEW
from rollway.api import STABLE, Observe, PlanContext, Promote, Provision, Retire, Shift, Split, Verify
from rollway_strategies.all_at_once import AllAtOnce, AllAtOnceSettings

CONTEXT = PlanContext(instances=3, has_stable=True, monitors=("error-rate",), drain=7.0, verify_deadline=60.0)


@pytest.mark.parametrize(
    ("settings", "hold"), [({}, 60.0), ({"hold": "5m"}, 300.0), ({"hold": "500ms"}, 0.5)]
)
def test_everything_is_there_before_the_first_request_moves(settings: dict[str, object], hold: float) -> None:
    plan = AllAtOnce().plan(settings, CONTEXT)
    assert [step.does for step in plan.steps] == [
        Provision(group=NEW, size=3),
        Verify(group=NEW, deadline=60.0),
        Shift(split=Split.all_to(NEW)),
        Observe(duration=hold, monitors=("error-rate",)),
        Promote(group=NEW),
        Retire(group=STABLE, after=7.0),
    ]


def test_without_a_hold_nothing_is_watched() -> None:
    plan = AllAtOnce().plan({"hold": "0s"}, CONTEXT)
    assert not [step for step in plan.steps if isinstance(step.does, Observe)]


def test_steps_are_told_in_words() -> None:
    plan = AllAtOnce().plan({}, replace(CONTEXT, instances=1))
    assert [step.name for step in plan.steps] == [
        "run 1 instance of the new release",
        "wait until healthy",
        "send all traffic to the new release",
        "watch all traffic for 60 s",
        "make it stable",
        "retire the old release",
    ]


@pytest.mark.parametrize("settings", [{"hold": "soon"}, {"hold": "-1s"}, {"steps": []}, {"weight": 5}])
def test_what_it_does_not_know_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        AllAtOnceSettings.model_validate(settings)
