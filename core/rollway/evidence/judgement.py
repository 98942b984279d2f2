"""What a judge says, with the numbers behind it."""

from dataclasses import dataclass

from rollway.domain.words import Verdict
from rollway.evidence.counts import NOTHING, Counts


@dataclass(frozen=True, slots=True)
class Totals:
    """What entered the test from both arms. For a `Scalar`: intervals, and how many of them breached."""

    canary: Counts = NOTHING
    stable: Counts = NOTHING

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(self.canary + other.canary, self.stable + other.stable)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and its evidence.

    `log_e` (against the canary, of the whole rollout) fails at `threshold_fail`; `log_clear` (for it, of this
    step) passes at `threshold_pass`; all natural logs. `reason` is one sentence for people.
    """

    verdict: Verdict
    reason: str
    log_e: float
    log_clear: float
    threshold_fail: float
    threshold_pass: float
    dispersion: float
    margin: float
    step: Totals
    rollout: Totals
