"""What a monitor asks of the core: the name and the terms of its judge.

Shares are numbers from 0 to 1 (0.002 is 0.2 %), times are seconds. A wrong value raises `ValueError`.
Nothing of ours is imported here, so that `rollway.api` can hand these to plugin authors.
"""

import math
from dataclasses import dataclass
from typing import Literal

Operator = Literal["<", "<=", ">", ">="]


def _require(fits: bool, message: str) -> None:
    if not fits:
        raise ValueError(message)


def _require_margin(margin: float | None, tolerance: float) -> None:
    _require(
        margin is None or 0 <= margin <= 1 - tolerance,
        f"margin: between 0 and {1 - tolerance:g}, not {margin}",
    )


@dataclass(frozen=True, slots=True)
class Comparison:
    """Canary against stable: healthy means a bad share of at most `ratio` times stable's plus `tolerance`.

    `margin` is added to the tolerance for the line below which a step passes; None: chosen when the plan is made.
    """

    tolerance: float = 0.002
    ratio: float = 1.0
    margin: float | None = None

    def __post_init__(self) -> None:
        _require(0 <= self.tolerance < 1, f"tolerance: from 0 to below 1, not {self.tolerance}")
        _require(0 < self.ratio < math.inf, f"ratio: above 0, not {self.ratio}")
        _require_margin(self.margin, self.tolerance)


@dataclass(frozen=True, slots=True)
class Limit:
    """The canary alone: healthy means a bad share of at most `maximum`, whatever stable does.

    `slower_than` makes it a limit of latency: bad is a request slower than so many seconds, so that
    "p99 < 500 ms" is `Limit(0.01, slower_than=0.5)`.
    """

    maximum: float
    slower_than: float | None = None

    def __post_init__(self) -> None:
        _require(0 < self.maximum < 1, f"maximum: between 0 and 1, not {self.maximum}")
        _require(
            self.slower_than is None or 0 < self.slower_than < math.inf,
            f"slower_than: above 0, not {self.slower_than}",
        )


@dataclass(frozen=True, slots=True)
class Latency:
    """The canary's quantile against stable's: at most `slowdown` times as long (1.2 is 20 % slower)."""

    quantile: float = 0.99
    slowdown: float = 1.2
    margin: float | None = None

    def __post_init__(self) -> None:
        _require(0 < self.quantile < 1, f"quantile: between 0 and 1, not {self.quantile}")
        _require(1 <= self.slowdown < math.inf, f"slowdown: 1 or more, not {self.slowdown}")
        _require_margin(self.margin, 0)


@dataclass(frozen=True, slots=True)
class Scalar:
    """Any number, once per interval: breached where `number <operator> bound`, as in `fail_if: < 0.8 * stable`.

    With `times_stable` the bound is that many times stable's number of the same interval. Healthy means
    that an interval breaches with probability of at most one half, given the past.
    """

    operator: Operator
    bound: float
    times_stable: bool = False

    def __post_init__(self) -> None:
        _require(self.operator in ("<", "<=", ">", ">="), f"operator: <, <=, > or >=, not {self.operator!r}")
        _require(math.isfinite(self.bound), f"bound: a finite number, not {self.bound}")

    def breached(self, canary: float, stable: float | None = None) -> bool | None:
        """Whether this interval breaches; None where the numbers do not allow an answer."""
        limit = self.bound
        if self.times_stable:
            if stable is None:
                return None
            limit *= stable
        if not (math.isfinite(canary) and math.isfinite(limit)):
            return None
        match self.operator:
            case "<":
                return canary < limit
            case "<=":
                return canary <= limit
            case ">":
                return canary > limit
            case _:
                return canary >= limit


Specification = Comparison | Limit | Latency | Scalar
