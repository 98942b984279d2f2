"""What the visitors saw: the demo's own accounting, independent of the router's counters and of the daemon."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import floor


@dataclass(frozen=True, slots=True)
class Answer:
    """How one request ended for the visitor who made it.

    `at`: seconds of a monotonic clock, when it ended; `status` None where no whole answer came; `release` as the answer
    names it, None where no application answered.
    """

    at: float
    seconds: float
    status: int | None
    release: str | None

    @property
    def failed(self) -> bool:
        """No answer, or one above 399: the visitors ask for nothing that should be refused."""
        return self.status is None or self.status >= 400


@dataclass(frozen=True, slots=True)
class Served:
    """What one release answered."""

    requests: int = 0
    failed: int = 0
    first_failed_at: float | None = None
    last_at: float | None = None

    def plus(self, answer: Answer) -> "Served":
        """With one answer more; they may come in any order."""
        last = answer.at if self.last_at is None else max(self.last_at, answer.at)
        counted = replace(self, requests=self.requests + 1, last_at=last)
        if not answer.failed:
            return counted
        first = answer.at if self.first_failed_at is None else min(self.first_failed_at, answer.at)
        return replace(counted, failed=self.failed + 1, first_failed_at=first)


NOTHING = Served()


class Tally:
    """All answers so far, by release, and second by second for whoever watches."""

    def __init__(self) -> None:
        self._served: dict[str | None, Served] = {}
        self._seconds: dict[int, dict[str | None, Served]] = {}

    def add(self, answers: Iterable[Answer]) -> None:
        """Count these too."""
        for answer in answers:
            _count(self._served, answer)
            _count(self._seconds.setdefault(floor(answer.at), {}), answer)

    def of(self, release: str | None) -> Served:
        """What this release answered; None: what nobody answered."""
        return self._served.get(release, NOTHING)

    def second(self, second: int) -> Mapping[str | None, Served]:
        """What ended within this second of the clock, by release."""
        return self._seconds.get(second, {})

    @property
    def latest(self) -> int | None:
        """The last second in which a request ended."""
        return max(self._seconds, default=None)

    @property
    def releases(self) -> tuple[str, ...]:
        """Who answered, by name."""
        return tuple(sorted(release for release in self._served if release is not None))

    @property
    def requests(self) -> int:
        """All requests that ended."""
        return sum(served.requests for served in self._served.values())

    @property
    def failed(self) -> int:
        """Those that failed, whoever answered."""
        return sum(served.failed for served in self._served.values())

    def failed_other(self, bad: str) -> int:
        """Failed, and not answered by the bad release: also what nobody answered while it had traffic."""
        return self.failed - self.of(bad).failed

    def seconds_to_safety(self, bad: str) -> float | None:
        """From the first failed answer of the bad release to its last answer at all; None where it never failed.

        Before the bad release is taken back, this says only how long it has hurt so far.
        """
        served = self.of(bad)
        if served.first_failed_at is None or served.last_at is None:
            return None
        return served.last_at - served.first_failed_at


def _count(served: dict[str | None, Served], answer: Answer) -> None:
    served[answer.release] = served.get(answer.release, NOTHING).plus(answer)
