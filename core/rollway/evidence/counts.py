"""Cumulative counters of many series, and the increments between two readings of them.

Counters restart with their process, arrive torn, or not at all; what comes out is only what surely happened
since the reading before.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

# A float counts every request only up to here; a larger counter is no counter.
LARGEST: Final = 2.0**53


@dataclass(frozen=True, slots=True)
class Counts:
    """Requests and how many of them were bad: cumulative in a reading, new ones in an increment.

    Any numbers may stand here, as a metric store may send any; `readable` tells whether they can be used.
    """

    requests: float = 0.0
    bad: float = 0.0

    @property
    def readable(self) -> bool:
        """False for NaN, infinite, negative or absurdly large numbers."""
        return 0 <= self.requests <= LARGEST and 0 <= self.bad <= LARGEST

    @property
    def share(self) -> float:
        """The bad share of the requests, 0 to 1; NaN without requests."""
        return self.bad / self.requests if self.requests else math.nan

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.requests + other.requests, self.bad + other.bad)


NOTHING: Final = Counts()


@dataclass(frozen=True, slots=True)
class Reading:
    """The cumulative counters of both arms, read at the same moment, by series (instance, or group).

    An arm without any series has served nothing yet. A metric store that did not answer, or a series that is
    missing though it ought to be there, is no reading: give the judge None.
    """

    canary: Mapping[str, Counts]
    stable: Mapping[str, Counts]

    @classmethod
    def of(cls, canary: Counts, stable: Counts | None = None) -> Self:
        """A reading of one series for each arm, as a router gives it for each group."""
        return cls({"": canary}, {} if stable is None else {"": stable})

    @property
    def readable(self) -> bool:
        """Whether every counter of both arms can be used; one that cannot spoils both arms."""
        return all(map(_readable, self.canary.values())) and all(map(_readable, self.stable.values()))


@dataclass(frozen=True, slots=True)
class Value:
    """The number of a `Scalar` monitor in one interval, with stable's where the bound is relative to it.

    `detail` says what was seen, for the operator who reads why it failed.
    """

    canary: float
    stable: float | None = None
    detail: str = ""


def _readable(counts: Counts) -> bool:
    return counts.readable


class Increments:
    """Turns cumulative readings of one arm into what is new, summed over its series.

    The increments are taken per series: after summing, one restarted instance would replay old evidence.
    """

    def __init__(self) -> None:
        self._bases: dict[str, Counts] = {}
        self._torn: dict[str, float] = {}

    def take(self, series: Mapping[str, Counts]) -> Counts:
        """What is new since the last reading; a series read for the first time only sets its base."""
        requests = bad = 0.0
        for name, now in series.items():
            base = self._bases.get(name)
            self._bases[name] = now
            if base is not None:
                new = self._new(name, base, now)
                requests += new.requests
                bad += new.bad
        return Counts(requests, bad)

    def _new(self, name: str, base: Counts, now: Counts) -> Counts:
        if now.requests < base.requests or now.bad < base.bad:
            self._torn.pop(name, None)
            base = NOTHING
        requests, bad = now.requests - base.requests, now.bad - base.bad
        if self._torn:
            bad += self._torn.pop(name, 0.0)
        # A torn read shows a bad request before the request itself: it waits for the next reading.
        if bad > requests:
            self._torn[name] = bad - requests
            bad = requests
        return Counts(requests, bad)
