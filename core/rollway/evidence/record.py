"""Stable's record: what a canary is compared with when stable has no traffic any more.

After a switch of all traffic nothing runs beside the new release. It is then held against an upper bound of
what stable did before: one that stable itself would exceed in 1 of 100 cases at most.
"""

from math import exp, lgamma, log, log1p
from typing import Final

from rollway.evidence.specification import Limit

CONFIDENCE: Final = 0.99
FEWEST_REQUESTS: Final = 300
FEWEST_SECONDS: Final = 60.0


def against_the_record(
    tolerance: float, requests: int, bad: int, seconds: float, ratio: float = 1.0
) -> Limit | None:
    """The limit for a canary without a stable beside it, from stable's last `seconds` before the switch.

    `tolerance` and `ratio` are those of the comparison that it stands for.

    None where the record is too short to say anything (under 60 s or 300 requests): the monitor is left out,
    and the plan says so. Such a limit blames the canary for a shared outage too.
    """
    if requests < FEWEST_REQUESTS or seconds < FEWEST_SECONDS:
        return None
    maximum = tolerance + ratio * upper_bound(requests, bad)
    return Limit(maximum) if maximum < 1 else None


def upper_bound(requests: int, bad: int, confidence: float = CONFIDENCE) -> float:
    """One-sided upper bound of a share of which `bad` of `requests` were seen (Clopper and Pearson 1934).

    Raises `ValueError` where the counts are no counts.
    """
    if not 0 <= bad <= requests or requests < 1:
        raise ValueError(f"bad requests: 0 to {requests}, not {bad}")
    if bad == requests:
        return 1.0
    low, high = bad / requests, 1.0
    while high - low > 1e-13 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(bad, requests, middle) > 1 - confidence else (low, middle)
    return high


def _at_most(bad: int, requests: int, share: float) -> float:
    """P(X <= bad) of a binomial X, for bad <= requests*share: there the terms shrink from `bad` downwards."""
    total = term = 1.0
    for k in range(bad, 0, -1):
        term *= k * (1 - share) / ((requests - k + 1) * share)
        total += term
        if term < 1e-17 * total:
            break
    good = requests - bad
    log_choices = lgamma(requests + 1) - lgamma(bad + 1) - lgamma(good + 1)
    return (
        total * exp(log_choices + bad * log(share) + good * log1p(-share))
        if bad
        else exp(good * log1p(-share))
    )
