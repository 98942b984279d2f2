"""From readings to the samples that enter a test: both arms over the same intervals."""

from dataclasses import dataclass
from typing import Protocol

from rollway.evidence.counts import NOTHING, Counts, Increments, Reading, Value
from rollway.evidence.specification import Scalar


@dataclass(frozen=True, slots=True)
class Sample:
    """New counts of both arms over so many intervals, the unreadable ones included."""

    canary: Counts
    stable: Counts
    intervals: int = 1


class Sampler(Protocol):
    """Takes one reading for each interval, None where there was none, and gives a sample when it has one."""

    unreadable: int
    """How many of the last readings in a row could not be used."""

    def take(self, reading: Reading | Value | None) -> Sample | None:
        """The next reading; `TypeError` for one of the wrong kind."""

    def drop(self) -> None:
        """Forget the counts that wait for the other arm: a new step begins."""


class CountSampler:
    """Increments of cumulative counters; a sample waits until each arm that the test needs has requests."""

    def __init__(self, *, needs_stable: bool) -> None:
        self._needs_stable = needs_stable
        self._canary, self._stable = Increments(), Increments()
        self._has_bases = False
        self._n = self._e = self._stable_n = self._stable_e = 0.0
        self._intervals = 0
        self.unreadable = 0

    def take(self, reading: Reading | Value | None) -> Sample | None:
        """The bases stay where a reading is unreadable: the next one covers the gap, for both arms."""
        if isinstance(reading, Value):
            raise TypeError("counts are judged by a Reading, not by a Value")
        self._intervals += self._has_bases
        if reading is None or not reading.readable:
            self.unreadable += 1
            return None
        self.unreadable = 0
        canary, stable = self._canary.take(reading.canary), self._stable.take(reading.stable)
        if not self._has_bases:
            self._has_bases = True
            return None
        return self._pool(canary, stable)

    def drop(self) -> None:
        """Intervals of an unreadable gap stay: the next reading will cover them."""
        self._start(self.unreadable if self._has_bases else 0)

    def _pool(self, canary: Counts, stable: Counts) -> Sample | None:
        self._n += canary.requests
        self._e += canary.bad
        self._stable_n += stable.requests
        self._stable_e += stable.bad
        if not self._n or (self._needs_stable and not self._stable_n):
            return None
        sample = Sample(Counts(self._n, self._e), Counts(self._stable_n, self._stable_e), self._intervals)
        self._start(0)
        return sample

    def _start(self, intervals: int) -> None:
        self._n = self._e = self._stable_n = self._stable_e = 0.0
        self._intervals = intervals


class ValueSampler:
    """One number for each interval: one request, bad if it breaches."""

    def __init__(self, spec: Scalar) -> None:
        self._spec = spec
        self.unreadable = 0

    def take(self, reading: Reading | Value | None) -> Sample | None:
        """A number that allows no answer (NaN, no stable to compare with) counts as unreadable."""
        if isinstance(reading, Reading):
            raise TypeError("a Scalar is judged by a Value, not by a Reading")
        breached = None if reading is None else self._spec.breached(reading.canary, reading.stable)
        if breached is None:
            self.unreadable += 1
            return None
        self.unreadable = 0
        return Sample(Counts(1.0, float(breached)), NOTHING)

    def drop(self) -> None:
        """Nothing waits here."""
