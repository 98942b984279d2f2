"""What a sample costs the judge: microseconds for one reading, against a plain division of the same counts.

Prints one JSON object; see the contract of benchmarks in CONTRIBUTING.md.
"""

import random
import statistics
import time
from collections.abc import Callable, Sequence

from benchmarks._figures import printed
from rollway.evidence.counts import Counts, Reading
from rollway.evidence.judge import Judge
from rollway.evidence.specification import Comparison

SAMPLES = 20_000
ROUNDS = 7


def readings(samples: int) -> list[Reading]:
    """Cumulative counters at 500 requests a second, 25 % on the canary, 0.1 % bad, every 250 ms."""
    chance = random.Random(7)
    n = e = stable_n = stable_e = 0
    found = []
    for _ in range(samples):
        n, stable_n = n + 31, stable_n + 94
        e, stable_e = e + (chance.random() < 0.031), stable_e + (chance.random() < 0.094)
        found.append(Reading.of(Counts(n, e), Counts(stable_n, stable_e)))
    return found


def judged(given: Sequence[Reading]) -> None:
    """The judge takes every reading."""
    judge = Judge(Comparison(), interval=0.25, monitors=1, margin=0.01)
    for reading in given:
        judge.read(reading)


def divided(given: Sequence[Reading]) -> None:
    """The reference: two error rates and their difference, as a threshold would take them."""
    for reading in given:
        _ = reading.canary[""].share - reading.stable[""].share


def microseconds(work: Callable[[Sequence[Reading]], None], given: Sequence[Reading]) -> float:
    """The median over rounds, for one reading."""
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work(given)
        times.append((time.perf_counter() - began) / len(given) * 1e6)
    return statistics.median(times)


def main() -> None:
    """Measure and print."""
    given = readings(SAMPLES)
    reference, judge = microseconds(divided, given), microseconds(judged, given)
    print(
        printed(
            "evidence_cost",
            {"reading_us_median": round(judge, 2)},
            {"two_divisions_us_median": round(reference, 3)},
            {"reading_to_two_divisions": round(judge / reference, 1)},
            {"samples": SAMPLES, "rounds": ROUNDS},
        )
    )


if __name__ == "__main__":
    main()
