"""Comparing latencies by buckets: a slower quantile as a share of slow requests.

"pQ of canary <= 1.2 x pQ of stable" becomes two boundaries of the histogram: a request of stable is slow above
one, a request of the canary above the other. Both come from stable's past alone and are kept for the step;
nothing is interpolated, as either would break the guarantee. Boundaries have the histogram's own unit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

# A product of decimal fractions may miss a boundary, or a share of requests, by its last binary digit.
ROUNDING: Final = 1e-9


class NoBoundary(ValueError):
    """The histogram has no finite boundary as high as the comparison needs: a finer or longer one is needed."""


@dataclass(frozen=True, slots=True)
class SlowPair:
    """The boundaries above which a request is slow, for each arm, and the judge's tolerance for this step.

    The slow requests of a series are its histogram's own total less the count at its arm's boundary. The series'
    name in a reading carries the boundary, so that it begins anew with the boundaries of the next step.
    """

    stable: float
    canary: float
    tolerance: float = 0.0

    @property
    def effective(self) -> float:
        """The slowdown that is really tested, at least the one asked for: "effective x2.5"."""
        return self.canary / self.stable


def slow_pair(
    bounds: Sequence[float], counts: Sequence[float], requests: float, quantile: float, slowdown: float
) -> SlowPair | None:
    """The boundaries for a step, from stable's cumulative buckets before it; None without requests.

    `counts[i]` of all `requests` took at most `bounds[i]`, all finite and ascending. Raises `NoBoundary`.
    """
    if not requests:
        return None
    within = [
        bound
        for bound, count in zip(bounds, counts, strict=True)
        if count <= quantile * requests * (1 + ROUNDING)
    ]
    if not bounds:
        raise NoBoundary("the latency histogram has no boundary at all")
    slow = within[-1] if within else bounds[0]
    return SlowPair(slow, boundary(bounds, slowdown * slow), 0.0 if within else 1.0 - quantile)


def boundary(bounds: Sequence[float], least: float) -> float:
    """The smallest boundary at or above `least`. Raises `NoBoundary`."""
    for bound in bounds:
        if bound >= least * (1 - ROUNDING):
            return bound
    last = f"the last is {max(bounds):g}" if bounds else "it has none"
    raise NoBoundary(f"no boundary of the latency histogram at or above {least:g}, {last}")
