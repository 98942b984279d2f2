"""What is known of an environment's traffic between rollouts: how much there is, how often stable fails, how bursty.

The dispersion goes into the judges; the last hour's traffic decides the margins of the next plan; stable's record is
what a release is held against that takes all traffic at once.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue, TypeAdapter

from rollway.domain.traffic import GroupCounters
from rollway.evidence.counts import Counts, Increments
from rollway.evidence.dispersion import Dispersion, DispersionState
from rollway.evidence.record import FEWEST_REQUESTS, FEWEST_SECONDS

HOUR = 60
LEARN_EVERY = 1.0
ALMOST = 0.9 * LEARN_EVERY
"""Readings of each second come a little early or late; one that came early and waited for the next would be a gap."""
ENOUGH_SECONDS = 5.0
"""A rate measured for less than this is none."""


@dataclass(frozen=True, slots=True)
class Minute:
    """What happened in one minute: all requests, those of stable and its bad ones; `seconds` that were looked at."""

    minute: int
    requests: float = 0.0
    stable: float = 0.0
    bad: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """About a second in which stable had requests, up to the time `at` (unix seconds)."""

    at: float
    seconds: float
    requests: float
    bad: float


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """What stable did last: requests, how many were bad, and the seconds in which they came."""

    requests: int = 0
    bad: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Kept:
    """What is stored of a baseline; `record` is that of the group `stable`."""

    dispersion: DispersionState
    minutes: tuple[Minute, ...] = ()
    stable: str | None = None
    record: tuple[Stretch, ...] = ()


_KEPT = TypeAdapter(Kept)


@dataclass(frozen=True, slots=True)
class Traffic:
    """The last hour's: requests a second of the whole environment, and stable's bad share; None where not known."""

    rate: float | None = None
    stable_bad: float | None = None


@dataclass
class _Second:
    stable: str | None = None
    requests: float = 0.0
    bad: float = 0.0
    since: float | None = None
    seen: dict[str, Increments] = field(default_factory=dict)


class Baseline:
    """Learns from each reading of the router's counters."""

    def __init__(self, kept: object = None) -> None:
        known = _KEPT.validate_python(kept) if kept else Kept(DispersionState(LEARN_EVERY))
        self._dispersion = Dispersion(LEARN_EVERY, known.dispersion)
        self._minutes = {minute.minute: minute for minute in known.minutes}
        self._stable = known.stable
        self._record = deque(known.record)
        self._now = _Second()

    @property
    def dispersion(self) -> DispersionState:
        """What is known of the bursts of stable's errors."""
        return self._dispersion.state

    @property
    def seconds(self) -> float:
        """How long stable has been watched with traffic."""
        return self._dispersion.seconds

    def to_json(self) -> JsonValue:
        """To be stored, and given to a new baseline."""
        kept = Kept(self._dispersion.state, tuple(self._minutes.values()), self._stable, tuple(self._record))
        json: JsonValue = _KEPT.dump_python(kept, mode="json")
        return json

    def traffic(self, now: float) -> Traffic:
        """The last hour's traffic."""
        recent = [m for m in self._minutes.values() if m.minute > now // 60 - HOUR]
        seconds, stable = sum(m.seconds for m in recent), sum(m.stable for m in recent)
        rate = sum(m.requests for m in recent) / seconds if seconds >= ENOUGH_SECONDS else None
        return Traffic(rate or None, sum(m.bad for m in recent) / stable if stable else None)

    def record(self, stable: str | None, now: float) -> TrackRecord:
        """The last of this group's seconds with requests, as many as a comparison with the record asks for.

        Fewer where it has not been stable for so long, or not had so many requests within the last hour.
        """
        mine = [s for s in self._record if now - HOUR * 60 <= s.at <= now] if stable == self._stable else []
        requests, bad = sum(s.requests for s in mine), sum(s.bad for s in mine)
        return TrackRecord(int(requests), int(bad), sum(s.seconds for s in mine))

    def learn(
        self, counters: Mapping[str, GroupCounters], stable: str | None, now: float, monotonic: float
    ) -> None:
        """Take in a reading, cumulative counters by group id; one with a number that is none is no reading."""
        if not all(Counts(c.requests, c.bad).readable for c in counters.values()):
            return
        news = {group: self._new(group, c) for group, c in counters.items()}
        self._now.seen = {group: kept for group, kept in self._now.seen.items() if group in counters}
        mine = news.get(stable, Counts()) if stable else Counts()
        if stable != self._stable:
            self._stable, self._record = stable, deque()
        elapsed = 0.0 if self._now.since is None else monotonic - self._now.since
        self._add(int(now // 60), sum(n.requests for n in news.values()), mine)
        self._now.requests += mine.requests
        self._now.bad += mine.bad
        if self._now.since is None or stable != self._now.stable or elapsed > 2 * LEARN_EVERY:
            self._begin(stable, monotonic)
        elif elapsed >= ALMOST:
            self._dispersion.learn(self._now.requests, self._now.bad)
            self._time(int(now // 60), elapsed)
            self._remember(Stretch(now, elapsed, self._now.requests, self._now.bad))
            self._begin(stable, monotonic)

    def _remember(self, stretch: Stretch) -> None:
        """The newest, and of the oldest no more than the record needs."""
        if not stretch.requests:
            return
        self._record.append(stretch)
        seconds = sum(s.seconds for s in self._record)
        requests = sum(s.requests for s in self._record)
        while (
            seconds - self._record[0].seconds >= FEWEST_SECONDS
            and requests - self._record[0].requests >= FEWEST_REQUESTS
        ):
            oldest = self._record.popleft()
            seconds, requests = seconds - oldest.seconds, requests - oldest.requests

    def _begin(self, stable: str | None, monotonic: float) -> None:
        self._now = _Second(stable, since=monotonic, seen=self._now.seen)

    def _new(self, group: str, counters: GroupCounters) -> Counts:
        seen = self._now.seen.setdefault(group, Increments())
        return seen.take({group: Counts(counters.requests, counters.bad)})

    def _add(self, minute: int, requests: float, stable: Counts) -> None:
        m = self._minutes.get(minute, Minute(minute))
        self._minutes[minute] = Minute(
            minute, m.requests + requests, m.stable + stable.requests, m.bad + stable.bad, m.seconds
        )
        if len(self._minutes) > HOUR:
            del self._minutes[min(self._minutes)]

    def _time(self, minute: int, elapsed: float) -> None:
        m = self._minutes.get(minute, Minute(minute))
        self._minutes[minute] = Minute(minute, m.requests, m.stable, m.bad, m.seconds + elapsed)
