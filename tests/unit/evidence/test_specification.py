"""Terms that no judge can work with are refused where they are written."""

import pytest

from rollway.evidence.specification import Comparison, Latency, Limit, Operator, Scalar

NAN = float("nan")


@pytest.mark.parametrize(
    ("spec", "terms"),
    [
        (Comparison, {"tolerance": -0.01}),
        (Comparison, {"tolerance": 1}),
        (Comparison, {"tolerance": NAN}),
        (Comparison, {"ratio": 0}),
        (Comparison, {"ratio": float("inf")}),
        (Comparison, {"margin": -0.1}),
        (Comparison, {"tolerance": 0.6, "margin": 0.5}),
        (Limit, {"maximum": 0}),
        (Limit, {"maximum": 1}),
        (Limit, {"maximum": 0.01, "slower_than": 0}),
        (Latency, {"quantile": 0}),
        (Latency, {"quantile": 99}),
        (Latency, {"slowdown": 0.2}),
        (Latency, {"margin": 1.1}),
        (Scalar, {"operator": "==", "bound": 1}),
        (Scalar, {"operator": "<", "bound": NAN}),
    ],
)
def test_refused(spec: type, terms: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=f"{'|'.join(terms)}"):
        spec(**terms)


@pytest.mark.parametrize(
    ("operator", "below", "equal", "above"),
    [
        ("<", True, False, False),
        ("<=", True, True, False),
        (">", False, False, True),
        (">=", False, True, True),
    ],
)
def test_which_numbers_breach(operator: Operator, below: bool, equal: bool, above: bool) -> None:
    for times_stable, stable in ((False, None), (True, 1.0)):
        spec = Scalar(operator, 2.0, times_stable)
        assert [spec.breached(number, stable) for number in (1.9, 2.0, 2.1)] == [below, equal, above]


@pytest.mark.parametrize(("canary", "stable"), [(NAN, 1.0), (1.0, None), (1.0, NAN), (float("-inf"), 1.0)])
def test_a_number_that_allows_no_answer(canary: float, stable: float | None) -> None:
    assert Scalar("<", 0.8, times_stable=True).breached(canary, stable) is None
