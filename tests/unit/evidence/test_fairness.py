"""Exact fairness: under the hypothesis it bets against, no bet gains on average.

All outcomes of a sample are summed, so that nothing is left to chance: mean of f = sum of pmf(e) pmf(E) f.
"""

from math import comb, exp, log, log1p

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollway.evidence.purse import CLEAR_BETS, blame_bets, log_factor

SHARES = (0.0, 1e-6, 0.001, 0.05, 0.3, 0.5, 0.9, 1.0)
REQUESTS = (1, 2, 7, 20)
TOLERANCES = (0.0, 0.002, 0.01, 0.3, 0.5)
RATIOS = (0.0, 0.8, 1.0, 1.2, 3.0)


def binomial(n: int, share: float) -> list[float]:
    return [comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(n + 1)]


def mean(g: float, tau: float, rho: float, n: int, stable_n: int, bad: float, stable_bad: float) -> float:
    """Canary and stable are independent, so the mean of the product is the product of the means."""
    q = rho * n / stable_n
    at_none = log_factor(g, tau, q, n, 0, 0)
    per_bad = log_factor(g, tau, q, n, 1, 0) - at_none
    per_stable_bad = log_factor(g, tau, q, n, 0, 1) - at_none
    canary = sum(p * exp(e * per_bad) for e, p in enumerate(binomial(n, bad)))
    stable = sum(p * exp(e * per_stable_bad) for e, p in enumerate(binomial(stable_n, stable_bad)))
    return exp(at_none) * canary * stable


@pytest.mark.parametrize("tau", TOLERANCES)
@pytest.mark.parametrize("rho", RATIOS)
def test_a_healthy_release_never_pays_a_blame_bet(tau: float, rho: float) -> None:
    for n in REQUESTS:
        for stable_n in REQUESTS:
            for stable_bad in SHARES:
                line = min(1.0, rho * stable_bad + tau)
                for g in blame_bets(rho * n / stable_n):
                    for bad in (line, line / 2, 0.0):
                        assert mean(g, tau, rho, n, stable_n, bad, stable_bad) <= 1 + 1e-9


@pytest.mark.parametrize("tau", TOLERANCES)
@pytest.mark.parametrize("rho", RATIOS)
def test_a_release_past_the_clear_line_never_pays_a_clear_bet(tau: float, rho: float) -> None:
    for n in REQUESTS:
        for stable_n in REQUESTS:
            for stable_bad in SHARES:
                line = rho * stable_bad + tau
                for bad in (line, (1 + line) / 2, 1.0) if line <= 1 else ():
                    for g in CLEAR_BETS:
                        assert mean(g, tau, rho, n, stable_n, bad, stable_bad) <= 1 + 1e-9


@given(
    n=st.integers(1, 20),
    stable_n=st.integers(1, 20),
    stable_bad=st.floats(0, 1),
    tau=st.floats(0, 1),
    rho=st.floats(0, 5),
    inside=st.floats(0, 1),
    bet=st.integers(0, 3),
)
def test_fair_for_any_traffic(
    n: int, stable_n: int, stable_bad: float, tau: float, rho: float, inside: float, bet: int
) -> None:
    line = rho * stable_bad + tau
    blame = blame_bets(rho * n / stable_n)[bet]
    assert mean(blame, tau, rho, n, stable_n, min(1.0, line) * inside, stable_bad) <= 1 + 1e-9
    if line <= 1:
        worse = line + (1 - line) * inside
        assert mean(CLEAR_BETS[bet], tau, rho, n, stable_n, worse, stable_bad) <= 1 + 1e-9


@given(
    e=st.integers(0, 20),
    stable_e=st.integers(0, 20),
    q=st.floats(0, 100),
    tau=st.floats(0, 1),
    bet=st.integers(0, 3),
)
def test_the_factor_is_the_one_of_the_formula(e: int, stable_e: int, q: float, tau: float, bet: int) -> None:
    for g in (blame_bets(q)[bet], CLEAR_BETS[bet]):
        d = 1 + tau * g
        by_formula = e * log(1 + g) + stable_e * log1p(-g * q / d) - 20 * log(d)
        assert log_factor(g, tau, q, 20, e, stable_e) == pytest.approx(by_formula, abs=1e-6)
