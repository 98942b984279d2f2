"""The judge: readings in, verdict out.

Promise, per rollout: a healthy release is rolled back with a probability of at most alpha, however often one
looks; one worse than the clear line throughout a step passes it with at most beta. Both rest on `purse`.
A judge does nothing but add up what it is given, so the same readings and steps rebuild it exactly.
"""

from math import log
from typing import Final

from rollway.domain.words import Verdict
from rollway.evidence import wording
from rollway.evidence.counts import Reading, Value
from rollway.evidence.dispersion import Dispersion
from rollway.evidence.judgement import Judgement, Totals
from rollway.evidence.purse import CEILING, CLEAR_BETS, Purse, blame_bets, log_factor
from rollway.evidence.samples import CountSampler, Sample, Sampler, ValueSampler
from rollway.evidence.specification import Scalar, Specification
from rollway.evidence.terms import ALPHA, BETA, redealt, samples_needed, terms

REDEAL_STEP: Final = 0.1
UNREADABLE_LIMIT: Final = 5


class Judge:
    """Judges one monitor of one rollout.

    `interval`: seconds between readings. `monitors`: how many tests the rollout has in all, fixed before it
    starts (Bonferroni). `margin`: by how much, beyond the tolerance, the first step may be worse and still
    pass (0 for limits and scalars). `dispersion`: what is known of the service's bursts; copied.
    Raises `ValueError` for numbers with which the promise cannot be kept.
    """

    def __init__(
        self,
        spec: Specification,
        *,
        interval: float,
        monitors: int,
        margin: float = 0.0,
        alpha: float = ALPHA,
        beta: float = BETA,
        dispersion: Dispersion | None = None,
        min_samples: int | None = None,
    ) -> None:
        self.spec = spec
        self._min_samples = samples_needed(spec, interval) if min_samples is None else min_samples
        _check(interval, monitors, alpha, beta, self._min_samples)
        self._tau, self._rho = terms(spec)
        self._redeal = redealt(spec, interval)
        self._limit_bets = blame_bets(0.0)
        self._sampler: Sampler = (
            ValueSampler(spec) if isinstance(spec, Scalar) else CountSampler(needs_stable=self._rho > 0)
        )
        self._dispersion = Dispersion(interval, None if dispersion is None else dispersion.state)
        self._blame = Purse(log(monitors / alpha), self._min_samples)
        self._need_clear = log(1.0 / beta)
        self._past = self._step = Totals()
        self._failed: str | None = None
        self._begin(margin, self._tau)

    @property
    def dispersion(self) -> Dispersion:
        """What is known of the bursts by now, to be stored for the service's next rollout."""
        return self._dispersion

    def new_step(self, margin: float = 0.0, tolerance: float | None = None) -> None:
        """Begin a step, or a step anew after a person's word: evidence for the canary starts at nothing.

        Evidence against it stays; counts that wait for the other arm are dropped. `tolerance` replaces the
        specification's where the boundaries of this step ask for it (`latency.SlowPair.tolerance`).
        """
        self._begin(margin, terms(self.spec)[0] if tolerance is None else tolerance)
        self._blame.redeal(REDEAL_STEP)
        self._sampler.drop()

    def _begin(self, margin: float, tolerance: float) -> None:
        if not (tolerance >= 0 and margin >= 0 and tolerance + margin <= 1):
            raise ValueError(
                f"tolerance and margin: from 0, together at most 1, not {tolerance} and {margin}"
            )
        self._tau, self._margin = tolerance, margin
        self._clear = Purse(self._need_clear, self._min_samples)
        self._past, self._step = self._past + self._step, Totals()

    def read(self, reading: Reading | Value | None) -> None:
        """Take the reading of the next interval; None: it could not be had.

        Raises `TypeError` for a `Value` where counts are judged, and the other way round.
        """
        sample = self._sampler.take(reading)
        if sample is None:
            return
        self._play(sample)
        self._step += Totals(sample.canary, sample.stable)
        if self._failed is None and self._blame.reached:
            self._failed = wording.failing(self.spec, self._step, self._tau)
        if not isinstance(self.spec, Scalar):
            self._dispersion.learn(sample.stable.requests, sample.stable.bad, sample.intervals)

    def _play(self, sample: Sample) -> None:
        n, e = sample.canary.requests, sample.canary.bad
        stable_e, rho, tau = sample.stable.bad, self._rho, self._tau
        q = rho * n / sample.stable.requests if rho else 0.0
        bets = blame_bets(q) if rho else self._limit_bets
        line = tau + self._margin
        dispersion = self._dispersion.value
        self._blame.play([log_factor(g, tau, q, n, e, stable_e) for g in bets], dispersion)
        self._blame.redeal(self._redeal)
        self._clear.play([log_factor(g, line, q, n, e, stable_e) for g in CLEAR_BETS], dispersion)
        self._clear.redeal(self._redeal)

    @property
    def verdict(self) -> Verdict:
        """The verdict alone, cheap enough for every tick; a failure is final."""
        if self._failed is not None:
            return Verdict.FAIL
        if self._sampler.unreadable >= UNREADABLE_LIMIT:
            return Verdict.ERROR
        if not self._step.canary.requests:
            return Verdict.NO_DATA
        return Verdict.PASS if self._clear.reached else Verdict.INCONCLUSIVE

    def judgement(self) -> Judgement:
        """What the evidence says now."""
        verdict = self.verdict
        return Judgement(
            verdict=verdict,
            reason=self._failed or wording.reason(verdict, self.spec, self._step, self._tau, self._margin),
            log_e=self._blame.log_e,
            log_clear=self._clear.log_e,
            threshold_fail=self._blame.need,
            threshold_pass=self._clear.need,
            dispersion=self._dispersion.value,
            margin=self._margin,
            step=self._step,
            rollout=self._past + self._step,
        )


def _check(interval: float, monitors: int, alpha: float, beta: float, min_samples: int) -> None:
    if not 0 < interval < float("inf"):
        raise ValueError(f"interval: seconds above 0, not {interval}")
    if not (0 < alpha < 1 and 0 < beta < 1):
        raise ValueError(f"alpha and beta: between 0 and 1, not {alpha} and {beta}")
    if monitors < 1 or monitors / alpha >= CEILING or 1 / beta >= CEILING:
        raise ValueError(f"monitors: from 1 to below {CEILING * alpha:,.0f}, not {monitors}")
    if min_samples < 2:
        raise ValueError(f"min_samples: 2 or more, not {min_samples}")
