"""Bets against a hypothesis, and the purse that holds them: a betting e-process.

Each sample has canary `n` requests, `e` bad; stable `N`, `E` bad. A bet of size g multiplies its stake by

    f(g) = (1+g)^e * (1-h)^E / d^n     with d = 1 + tau*g, q = rho*n/N, h = g*q/d

Healthy means p_canary <= rho*p_stable + tau; then the mean of f is at most 1 whatever p_stable is, because
h cancels the exponents of E[(1+g)^e] <= d^n * exp(n*rho*p_stable*g/d) and E[(1-h)^E] <= exp(-N*p_stable*h):
a shared outage cannot blame the canary. g < 0 tests the opposite hypothesis. By Ville's inequality (1939) a
purse of such bets ever reaches 1/alpha with a probability of at most alpha. Re-dealing follows Herbster and
Warmuth (1998), comparing two streams Turner et al. (2024).
"""

from collections.abc import Sequence
from math import exp, log, log1p
from typing import Final

ODDS: Final = (2.0, 4.0, 10.0, 40.0)
CLEAR: Final = (0.2, 0.5, 0.8, 0.95)
CLEAR_BETS: Final = tuple(-size for size in CLEAR)
CASH: Final = 0.1
STAKE: Final = (1.0 - CASH) / len(ODDS)
CEILING: Final = 1e6
# Far below anything that can still decide, well above where a float becomes 0 and has no logarithm.
FLOOR: Final = 1e-290
LEAST_LOG_FACTOR: Final = -700.0
# A fresh purse after min_samples - 1 capped samples stays below the threshold by at least this, in log units.
HEADROOM: Final = 0.4


def blame_bets(q: float) -> tuple[float, ...]:
    """The sizes g of the bets against "healthy", where q = rho*n/N (0 for a limit); they keep h below 1."""
    return tuple((odds - 1.0) / (1.0 + odds * q) for odds in ODDS)


def log_factor(g: float, tau: float, q: float, n: float, e: float, bad_stable: float) -> float:
    """log f(g) of one sample: what a bet of size g is multiplied by."""
    d = 1.0 + tau * g
    return e * log1p(g) + (bad_stable * log1p(-g * q / d) if q else 0.0) - n * log(d)


class Purse:
    """Cash and one stake for each bet; starts with 1 in all.

    `need` is the log of the threshold; at least `min_samples` samples are needed to reach it.
    """

    __slots__ = ("_cap", "_cash", "_stakes", "need")

    def __init__(self, need: float, min_samples: int) -> None:
        self.need = need
        self._cap = (need - HEADROOM) / (min_samples - 1)
        self._cash = CASH
        self._stakes = [STAKE] * len(ODDS)

    def play(self, log_factors: Sequence[float], dispersion: float) -> None:
        """Settle one sample; errors that come in bursts of `dispersion` weigh so much less."""
        cap, least = self._cap, LEAST_LOG_FACTOR
        self._stakes = [
            stake * exp(max(least, min(factor / dispersion, cap)))
            for stake, factor in zip(self._stakes, log_factors, strict=True)
        ]

    def redeal(self, part: float) -> None:
        """Spread this part of the whole as at the start, so that a failure that comes late is still found."""
        total = self._cash + sum(self._stakes)
        scale = CEILING / total if total > CEILING else FLOOR / total if total < FLOOR else 1.0
        keep, dealt = (1.0 - part) * scale, part * total * scale
        self._cash = keep * self._cash + dealt * CASH
        self._stakes = [keep * stake + dealt * STAKE for stake in self._stakes]

    @property
    def log_e(self) -> float:
        """The natural log of the e-value: 0 at the start."""
        return log(self._cash + sum(self._stakes))

    @property
    def reached(self) -> bool:
        """Whether the evidence is enough now."""
        return self.log_e >= self.need
