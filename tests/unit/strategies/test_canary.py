"""The canary strategy as tables: what its steps compile to."""

from dataclasses import replace

import pytest

from rollway.api import (
    CANARY,
    STABLE,
    Instruction,
    Observe,
    PlanContext,
    Promote,
    Provision,
    Retire,
    Shift,
    Verify,
)
from rollway_strategies.canary import Canary, CanarySettings

CONTEXT = PlanContext(
    instances=10, has_stable=True, monitors=("error-rate",), drain=7.0, verify_deadline=60.0
)


def brief(does: Instruction) -> str:
    """An instruction in few letters."""
    match does:
        case Provision(group=group, size=size):
            return f"{group} x {size}"
        case Verify(group=group):
            return f"{group} healthy"
        case Shift(split=split):
            return f"{split.of(STABLE)}/{split.of(CANARY)}"
        case Observe(duration=duration):
            return f"watch {duration:g} s"
        case Promote(group=group):
            return f"{group} is stable"
        case Retire(group=group, after=after):
            return f"{group} gone after {after:g} s"
    raise AssertionError(does)


def compiled(*steps: dict[str, object], instances: int = 10) -> list[str]:
    plan = Canary().plan({"steps": list(steps)}, replace(CONTEXT, instances=instances))
    return [brief(step.does) for step in plan.steps]


END = ["canary is stable", "stable gone after 7 s"]


def test_weights_and_holds() -> None:
    assert compiled({"weight": "5%", "hold": "1m"}, {"weight": 50, "hold": "5m"}) == [
        "canary x 1",
        "canary healthy",
        "9500/500",
        "watch 60 s",
        "canary x 5",
        "canary healthy",
        "5000/5000",
        "watch 300 s",
        "canary x 10",
        "canary healthy",
        "0/10000",
        *END,
    ]


def test_one_instance_is_enough_from_the_start() -> None:
    assert compiled({"weight": "25%", "hold": "10s"}, instances=1) == [
        "canary x 1",
        "canary healthy",
        "7500/2500",
        "watch 10 s",
        "0/10000",
        *END,
    ]


def test_a_last_step_of_everything_is_watched_before_the_promotion() -> None:
    assert compiled({"weight": "100%", "hold": "30s"}, instances=2) == [
        "canary x 2",
        "canary healthy",
        "0/10000",
        "watch 30 s",
        *END,
    ]


def test_a_step_without_weight_holds_at_the_one_before() -> None:
    assert compiled({"weight": "10%"}, {"hold": "10s"}, instances=1)[2:4] == ["9000/1000", "watch 10 s"]


def test_the_same_weight_again_shifts_nothing() -> None:
    found = compiled({"weight": "10%", "hold": "5s"}, {"weight": "10%", "hold": "6s"}, instances=1)
    assert found[2:5] == ["9000/1000", "watch 5 s", "watch 6 s"]


@pytest.mark.parametrize(
    ("weight", "instances", "size"),
    [
        ("0.01%", 100, 1),
        ("1%", 100, 1),
        ("1.01%", 100, 2),
        ("33.33%", 3, 1),
        ("33.34%", 3, 2),
        ("50%", 3, 2),
        ("99%", 3, 3),
    ],
)
def test_as_many_instances_as_the_share_needs(weight: str, instances: int, size: int) -> None:
    assert compiled({"weight": weight, "hold": "1s"}, instances=instances)[0] == f"canary x {size}"


def test_instances_never_go_down_with_the_weight() -> None:
    found = compiled({"weight": "50%", "hold": "5s"}, {"weight": "10%", "hold": "5s"})
    assert [each for each in found if " x " in each] == ["canary x 5", "canary x 10"]


def test_steps_name_their_source() -> None:
    plan = Canary().plan({"steps": [{"weight": 5, "hold": "1s"}, {"weight": 50, "hold": "1s"}]}, CONTEXT)
    assert [step.source for step in plan.steps] == [1, 1, 1, 1, 2, 2, 2, 2, None, None, None, None, None]


def test_a_step_without_a_hold_is_said() -> None:
    [warning] = Canary().plan({"steps": [{"weight": 5}, {"weight": 50, "hold": "1s"}]}, CONTEXT).warnings
    assert "strategy.steps 1" in warning


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [{"wieght": 5}],
        [{"weight": 101}],
        [{"weight": -1}],
        [{"weight": "5%", "hold": "-1s"}],
        [{"weight": "5%", "hold": "soon"}],
        [{"weight": "0.001%", "hold": "1s"}],
        [{"hold": "1m"}, {"weight": "5%", "hold": "1m"}],
        [{"weight": 0, "hold": "1m"}, {"weight": "5%", "hold": "1m"}],
        [None],
        "5%",
    ],
)
def test_what_cannot_be_planned_is_refused(steps: object) -> None:
    with pytest.raises(ValueError, match=r"steps|weight|hold"):
        CanarySettings.model_validate({"steps": steps})
