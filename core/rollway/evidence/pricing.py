"""What a plan costs in requests: how many until a bad release is found, until a good one is cleared.

For one bet the log of the purse grows per canary request by `mu` on average with variance `v`; it must cover
`L = need - ln(stake)`. A normal approximation then gives the requests after which that has happened with the
probability of `z`; the best of the bets counts. Shares are from 0 to 1, of stable's and of canary's requests;
`share` is the canary's part of the traffic.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log, log1p, sqrt
from typing import Final, Self

from rollway.evidence.purse import CLEAR_BETS, STAKE, blame_bets
from rollway.evidence.specification import Comparison, Latency, Limit
from rollway.evidence.terms import ALPHA, BETA, terms

MARGINS: Final = (0.005, 0.01, 0.02, 0.05)
LATENCY_MARGINS: Final = (*MARGINS, 0.1)
# A stable that was never seen is taken to fail so often.
USUAL_BAD_SHARE: Final = 0.001
# Of the standard normal distribution: with the probability 1 - beta = 95 %, and for the median.
LIKELY: Final = 1.645
MEDIAN: Final = 0.0
# An auto margin leaves so much room over the requests it needs.
ROOM: Final = 1.2
# The most an inconclusive step may last, in holds; beyond that a person is asked.
EXTENSION: Final = 10
# What a delay in requests leaves out: the samples that a judge waits for, and the one in which it ends.
SAMPLES_ADDED: Final = 4

Priced = Comparison | Limit | Latency


@dataclass(frozen=True, slots=True)
class Pricing:
    """The terms of a step: the judge's, the canary's `share` of the traffic, and stable's usual bad share.

    `redealt`: the part of the purse that is dealt again with each sample, given where a failure begins late.
    """

    share: float
    stable_bad: float = USUAL_BAD_SHARE
    tolerance: float = 0.002
    ratio: float = 1.0
    alpha: float = ALPHA
    beta: float = BETA
    monitors: int = 1
    redealt: float | None = None

    def __post_init__(self) -> None:
        if not (0 < self.share < 1 or (self.ratio == 0 and self.share == 1)):
            raise ValueError(f"share: between 0 and 1 where canary is compared with stable, not {self.share}")

    @classmethod
    def of(
        cls,
        spec: Priced,
        share: float,
        stable_bad: float | None = None,
        monitors: int = 1,
        redealt: float | None = None,
    ) -> Self:
        """The terms that a specification gives; `stable_bad` None: nothing is known of stable yet."""
        tolerance, ratio = terms(spec)
        bad = USUAL_BAD_SHARE if stable_bad is None else stable_bad
        return cls(share, bad, tolerance, ratio, monitors=monitors, redealt=redealt)

    def requests_to_detect(self, canary_bad: float, z: float = LIKELY) -> float:
        """Canary requests until a release this bad is failed; `inf` if it is within what is allowed."""
        need = log(self.monitors / self.alpha) - (log(self.redealt) if self.redealt else 0.0)
        return self._least(blame_bets(self._q), self.tolerance, canary_bad, need, z)

    def requests_to_pass(self, margin: float, canary_bad: float | None = None, z: float = LIKELY) -> float:
        """Canary requests until a release as good as stable passes; `inf` if it never surely does."""
        bad = self.stable_bad if canary_bad is None else canary_bad
        return self._least(CLEAR_BETS, self.tolerance + margin, bad, log(1.0 / self.beta), z)

    def detectable(self, requests: float) -> float | None:
        """The least bad share of a canary that so many canary requests find; None if they find nothing."""
        if self.requests_to_detect(1.0) > requests:
            return None
        low, high = 0.0, 1.0
        while high - low > 1e-9:
            middle = (low + high) / 2
            low, high = (low, middle) if self.requests_to_detect(middle) <= requests else (middle, high)
        return high

    @property
    def _q(self) -> float:
        return self.ratio * self.share / (1.0 - self.share) if self.ratio else 0.0

    def _least(self, bets: Sequence[float], tau: float, canary_bad: float, need: float, z: float) -> float:
        growths = (self._growth(g, tau, canary_bad) for g in bets)
        return min((_requests(mu, v, need - log(STAKE), z) for mu, v in growths if mu > 0), default=inf)

    def _growth(self, g: float, tau: float, canary_bad: float) -> tuple[float, float]:
        """Mean and variance of what one canary request adds to the log of a bet of size g."""
        q, d = self._q, 1.0 + tau * g
        stable_bad = self.ratio * self.stable_bad / q if q else 0.0
        canary, stable = log1p(g), log1p(-g * q / d)
        mean = canary_bad * canary + stable_bad * stable - log(d)
        return mean, canary_bad * canary**2 + stable_bad * stable**2


@dataclass(frozen=True, slots=True)
class Clearance:
    """At which margin a step passes, and the canary requests that a release as good as stable needs for it.

    `needs_person`: not even the longest extension of the step brings so many.
    """

    margin: float
    requests: float
    needs_person: bool


def clearance(spec: Priced, pricing: Pricing, expected: float | None) -> Clearance:
    """The margin of a step in whose hold so many canary requests are expected, and what it costs.

    None expected, nothing known: the widest. A limit has no margin; one that is written down is taken as it is.
    """
    if isinstance(spec, Limit):
        return _clearance(pricing, 0.0, expected)
    if spec.margin is not None:
        return _clearance(pricing, spec.margin, expected)
    return auto_margin(pricing, expected, LATENCY_MARGINS if isinstance(spec, Latency) else MARGINS)


def auto_margin(pricing: Pricing, expected: float | None, margins: Sequence[float] = MARGINS) -> Clearance:
    """The tightest of the margins (ascending) for which the step's hold is surely long enough, else the widest."""
    widest = min(margins[-1], 1.0 - pricing.tolerance)
    fits = (m for m in margins if m <= widest and ROOM * pricing.requests_to_pass(m) <= (expected or 0.0))
    return _clearance(pricing, next(fits, widest), expected)


def seconds(requests: float, per_second: float, interval: float) -> float:
    """How long so many canary requests take to come and to be judged, at one sample per `interval` seconds."""
    return requests / per_second + SAMPLES_ADDED * interval if per_second else inf


def _clearance(pricing: Pricing, margin: float, expected: float | None) -> Clearance:
    requests = pricing.requests_to_pass(margin)
    return Clearance(margin, requests, expected is not None and requests > EXTENSION * expected)


def _requests(mu: float, v: float, to_cover: float, z: float) -> float:
    return float(((z * sqrt(v) + sqrt(z * z * v + 4 * mu * to_cover)) / (2 * mu)) ** 2)
