"""The promises of the judge, kept on simulated traffic: false rollbacks, wrong clears, delays.

Every test has its own seed, so it gives the same answer each time: it can fail by a change of the judge, not by
bad luck. What is asserted is the promise itself: of 2000 healthy rollouts at most alpha = 1 % (20) are taken
back, of 2000 at the clear line at most beta = 5 % (100) pass; and delays within 20 % of those published in the
judge's design. When this was written 0 to 7 of 2000 healthy rollouts were taken back, and 43 to 47 of 2000 at the
clear line passed.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import exp

import pytest

from rollway.domain.words import Verdict
from rollway.evidence.counts import Counts, Reading
from rollway.evidence.judge import Judge
from rollway.evidence.specification import Comparison

ROLLOUTS = 2000
ALPHA, BETA = 0.01, 0.05
REQUESTS_PER_SECOND = 200


@dataclass(frozen=True)
class Stretch:
    """Traffic of so many seconds: the canary's share of it, and the bad shares of both arms."""

    seconds: float
    share: float
    canary_bad: float
    stable_bad: float


@cache
def poisson(mean: float) -> tuple[range, list[float]]:
    """Numbers and their cumulative probabilities."""
    term = total = exp(-mean)
    cumulative = [total]
    while total < 1 - 1e-12 and term:
        term *= mean / len(cumulative)
        total += term
        cumulative.append(total)
    return range(len(cumulative)), cumulative


def arrivals(rng: random.Random, mean: float, samples: int) -> list[int]:
    numbers, cumulative = poisson(mean)
    return rng.choices(numbers, cum_weights=cumulative, k=samples)


def traffic(rng: random.Random, stretch: Stretch, interval: float) -> Iterator[tuple[int, int, int, int]]:
    """New (good, bad) of the canary and of stable for each interval."""
    samples = round(stretch.seconds / interval)
    canary = REQUESTS_PER_SECOND * interval * stretch.share
    stable = REQUESTS_PER_SECOND * interval * (1 - stretch.share)
    return zip(
        arrivals(rng, canary * (1 - stretch.canary_bad), samples),
        arrivals(rng, canary * stretch.canary_bad, samples),
        arrivals(rng, stable * (1 - stretch.stable_bad), samples),
        arrivals(rng, stable * stretch.stable_bad, samples),
        strict=True,
    )


class Rollout:
    """One judge and the counters it reads."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self._canary = self._stable = Counts()
        judge.read(Reading.of(self._canary, self._stable))

    def add(self, canary_good: int, canary_bad: int, stable_good: int, stable_bad: int) -> Verdict:
        self._canary += Counts(canary_good + canary_bad, canary_bad)
        self._stable += Counts(stable_good + stable_bad, stable_bad)
        self.judge.read(Reading.of(self._canary, self._stable))
        return self.judge.verdict


def taken_back(rng: random.Random, spec: Comparison, steps: list[list[Stretch]], interval: float) -> bool:
    rollout = Rollout(Judge(spec, interval=interval, monitors=1, margin=0.02))
    for index, step in enumerate(steps):
        if index:
            rollout.judge.new_step(0.02)
        for stretch in step:
            for new in traffic(rng, stretch, interval):
                if rollout.add(*new) is Verdict.FAIL:
                    return True
    return False


def alike(seconds: float, share: float, bad: float) -> Stretch:
    return Stretch(seconds, share, bad, bad)


HEALTHY: dict[str, tuple[Comparison, list[list[Stretch]]]] = {
    "the same release, 5 %": (Comparison(0), [[alike(40, 0.05, 0.01)]]),
    "the same release, 50 %": (Comparison(0), [[alike(40, 0.5, 0.01)]]),
    "the same release, 5, 25, 50 %": (
        Comparison(0),
        [[alike(20, share, 0.01)] for share in (0.05, 0.25, 0.5)],
    ),
    "an outage of both": (
        Comparison(0),
        [[alike(20, 0.05, 0.001), alike(20, 0.05, 0.1), alike(20, 0.05, 0.001)]],
    ),
    "both drift from 0.1 to 5 %": (
        Comparison(0),
        [[alike(4, 0.25, 0.001 + 0.0049 * part) for part in range(11)]],
    ),
    "just within the tolerance": (Comparison(0.002), [[Stretch(60, 0.25, 0.002, 0.0)]]),
}


@pytest.mark.parametrize("case", HEALTHY)
def test_healthy_releases_are_hardly_ever_taken_back(case: str) -> None:
    spec, steps = HEALTHY[case]
    rng = random.Random(case)
    assert sum(taken_back(rng, spec, steps, 1.0) for _ in range(ROLLOUTS)) <= ALPHA * ROLLOUTS


def passes(rng: random.Random, margin: float, stretch: Stretch) -> bool:
    rollout = Rollout(Judge(Comparison(0.002), interval=1.0, monitors=1, margin=margin))
    return any(rollout.add(*new) is Verdict.PASS for new in traffic(rng, stretch, 1.0))


@pytest.mark.parametrize(("share", "margin"), [(0.05, 0.05), (0.25, 0.01)])
def test_releases_at_the_clear_line_hardly_ever_pass(share: float, margin: float) -> None:
    rng = random.Random(f"{share} {margin}")
    stretch = Stretch(60, share, 0.001 + 0.002 + margin, 0.001)
    assert sum(passes(rng, margin, stretch) for _ in range(ROLLOUTS)) <= BETA * ROLLOUTS


def delay(rng: random.Random, share: float, bad: float, interval: float = 0.25) -> float:
    """Seconds from the first bad response to the verdict; responses fall anywhere in their interval."""
    rollout, first = Rollout(Judge(Comparison(0.002), interval=interval, monitors=1, margin=0.05)), 0.0
    for index, new in enumerate(traffic(rng, Stretch(120, share, bad, 0.001), interval)):
        if new[1] and not first:
            first = interval * (index + min(rng.random() for _ in range(new[1])))
        if rollout.add(*new) is Verdict.FAIL:
            return interval * (index + 1) - first
    return float("inf")


@pytest.mark.parametrize(
    ("share", "bad", "expected"),
    [
        (0.05, 1.0, (0.9, 1.2, 1.5)),
        (0.05, 0.2, (2.0, 4.3, 5.7)),
        (0.05, 0.05, (9, 21, 27)),
        (0.25, 1.0, (0.9, 1.0, 1.0)),
        (0.25, 0.2, (1.0, 1.4, 1.73)),
        (0.25, 0.05, (2.5, 5.0, 6.4)),
    ],
)
def test_bad_releases_are_found_in_time(
    share: float, bad: float, expected: tuple[float, float, float]
) -> None:
    """Median, 95th and 99th of 100 within 20 %."""
    rng = random.Random(f"{share} {bad}")
    delays = sorted(delay(rng, share, bad) for _ in range(ROLLOUTS))
    found = tuple(delays[int(part * ROLLOUTS)] for part in (0.5, 0.95, 0.99))
    assert found == pytest.approx(expected, rel=0.2)


def test_a_total_failure_at_five_percent_is_found_within_1700_milliseconds() -> None:
    rng = random.Random(17)
    delays = sorted(delay(rng, 0.05, 1.0) for _ in range(ROLLOUTS))
    assert delays[int(0.99 * ROLLOUTS)] < 1.7
