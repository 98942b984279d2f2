"""The evidence of one rollout: monitors sampled, judges fed, every sample kept so that the judges can be rebuilt exactly."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import JsonValue, TypeAdapter

from rollway.domain.decisions import Judgement as Judged
from rollway.domain.events import StableRecord
from rollway.domain.traffic import Address, GroupCounters
from rollway.domain.words import Verdict
from rollway.engine import record as records
from rollway.engine.effects import Trouble, call
from rollway.engine.monitoring import pace
from rollway.engine.pacing import Paced
from rollway.engine.readings import MOST_DETAIL, number, read_back, told, written
from rollway.evidence.counts import Reading, Value
from rollway.evidence.dispersion import Dispersion, DispersionState
from rollway.evidence.judge import Judge
from rollway.evidence.judgement import Judgement
from rollway.evidence.specification import Limit, Specification
from rollway.plugin.kinds import Monitor, Tick
from rollway.store.protocol import Json, MeasurementRow

WINDOW = 30
SAMPLE_DEADLINE = 5.0
TICKS = ""
"""Under this name stand the ticks themselves: when, how long, in which observation; a hold's progress is their sum."""

_STATE = TypeAdapter(DispersionState)


@dataclass(frozen=True, slots=True)
class Span:
    """What samples count for: the Shift they follow, the Observe they belong to (0: none), how often observed anew."""

    shift: int = 0
    observe: int = 0
    anew: int = 0


class Watch:
    """Judges of one rollout. `monitors` by name; `tests` is how many of them decide (the correction for many)."""

    def __init__(
        self,
        rollout: str,
        monitors: Mapping[str, Monitor],
        *,
        interval: float,
        tests: int,
        dispersion: DispersionState | None = None,
    ) -> None:
        self.rollout = rollout
        self.interval = interval
        self._monitors = monitors
        self._paced = Paced(
            {name: each for name, m in monitors.items() if (each := pace(m)) is not None}, self._read
        )
        self._tests = max(1, tests)
        self._span = Span()
        self._begun = (0, 0)
        self._watched: dict[tuple[int, int], float] = {}
        self._last: float | None = None
        self._readable: dict[str, float] = {}
        self._window = 0
        self._open: dict[tuple[str, int], list[JsonValue]] = {}
        self._dirty: set[tuple[str, int]] = set()
        self._named: set[str] = set()
        self._judges: dict[str, Judge] = {}
        self._record: StableRecord | None = None
        self._before: dict[str, Reading | Value | None] = {}
        self._details: dict[str, str] = {}
        self._said: dict[str, Judged] | None = None
        self._make_judges(dispersion)

    def _make_judges(self, state: DispersionState | None) -> None:
        self._state = Dispersion(self.interval, state).state
        self._judges = {name: self._judge(name, self._state) for name in self._monitors}

    def _judge(self, name: str, state: DispersionState, limit: float | None = None) -> Judge:
        interval = self._paced.interval(name) or self.interval
        return Judge(
            self._monitors[name].specification if limit is None else Limit(limit),
            interval=interval,
            monitors=self._tests,
            dispersion=Dispersion(interval, state),
        )

    @property
    def specifications(self) -> Mapping[str, Specification]:
        """The judges that the monitors name, whatever they are held against."""
        return {name: monitor.specification for name, monitor in self._monitors.items()}

    def close(self) -> None:
        """Wait for no monitor any more."""
        self._paced.close()

    @property
    def span(self) -> Span:
        """What the next sample counts for."""
        return self._span

    def begin(
        self, span: Span, margins: Mapping[str, float], now: float, record: StableRecord | None = None
    ) -> None:
        """From now on samples count for this; a new shift, or an observation anew, begins the evidence for it anew.

        With a `record`, what would be compared with stable is held against that from the first shift on.
        """
        self._record = record
        if (span.observe, span.anew) != (self._span.observe, self._span.anew):
            self._last = None  # a hold is a minimum: what went before it does not count
        self._span = span
        if (span.shift, span.anew) == self._begun:
            return
        self._begun = (span.shift, span.anew)
        self._said = None
        if record is not None:
            self._hold_against(record, now)
        for name, judge in self._judges.items():
            margin = min(margins.get(name, 0.0), 1.0 - self._limit(name))
            judge.new_step(margin)
            self._keep(name, now, {"step": span.shift, "anew": span.anew, "margin": margin})

    def _limit(self, name: str) -> float:
        spec = self._judges[name].spec
        return spec.maximum if isinstance(spec, Limit) else 0.0

    def _hold_against(self, record: StableRecord, now: float) -> None:
        """Judges of the limits in place of the comparisons; the reading before the switch is where they begin."""
        for name, limit in record.limits.items():
            if name in self._judges and self._judges[name].spec != Limit(limit):
                state = self._judges[name].dispersion.state
                self._judges[name] = self._judge(name, state, limit)
                self._keep(name, now, {"limit": limit, "dispersion": _STATE.dump_python(state, mode="json")})
                self._take(name, self._before.get(name), now)

    async def sample(
        self,
        counters: Mapping[str, GroupCounters] | None,
        now: float,
        monotonic: float,
        addresses: Mapping[str, Sequence[Address]] | None = None,
    ) -> None:
        """Take one reading of every monitor; `counters` and `addresses` by role.

        One with a pace of its own is asked when it is due, and only after the first shift; its answer counts when it
        is there.
        """
        elapsed = 0.0 if self._last is None else min(monotonic - self._last, 2 * self.interval)
        self._last = monotonic
        tick = Tick(counters, addresses or {})
        names = [name for name in self._monitors if name not in self._paced]
        readings = await self._readings(names, tick)
        if self._span.shift:
            self._paced.ask(tick, monotonic)
        for name, reading in (*zip(names, readings, strict=True), *self._paced.answers()):
            if reading is not None or name not in self._readable:
                self._readable[name] = monotonic
            self._take(name, reading, now)
        span = self._span
        self._count(elapsed, span)
        self._keep(TICKS, now, {"t": now, "d": elapsed, "o": span.observe, "a": span.anew})

    async def _readings(self, names: Sequence[str], tick: Tick) -> Sequence[Reading | Value | None]:
        """All at once; for one alone no task is made."""
        if len(names) == 1:
            return [await self._read(names[0], tick)]
        return await asyncio.gather(*(self._read(name, tick) for name in names))

    def _take(self, name: str, reading: Reading | Value | None, now: float) -> None:
        self._feed(name, reading)
        self._keep(name, now, written(reading))

    def _feed(self, name: str, reading: Reading | Value | None) -> None:
        self._judges[name].read(reading)
        self._said = None
        self._before[name] = reading
        if isinstance(reading, Value) and reading.detail:
            self._details[name] = reading.detail[:MOST_DETAIL]

    def age(self, monotonic: float) -> float | None:
        """Seconds since every monitor could last be read; None before the first sample, and without monitors."""
        return monotonic - min(self._readable.values()) if self._readable else None

    def _count(self, elapsed: float, span: Span) -> None:
        key = (span.observe, span.anew)
        self._watched[key] = self._watched.get(key, 0.0) + elapsed

    async def _read(self, name: str, tick: Tick, deadline: float = SAMPLE_DEADLINE) -> Reading | Value | None:
        try:
            return await call(f"monitor {name}", self._monitors[name].sample(tick), deadline)
        except Trouble:
            return None

    def watched(self, span: Span) -> float:
        """Seconds of this observation in which samples were taken."""
        return self._watched.get((span.observe, span.anew), 0.0)

    def judgements(self) -> dict[str, Judged]:
        """What every judge says now; not to be changed."""
        if self._said is None:
            self._said = {name: self._tell(name, judge.judgement()) for name, judge in self._judges.items()}
        return self._said

    def _tell(self, name: str, judgement: Judgement) -> Judged:
        said = told(judgement)
        failed = said.verdict is Verdict.FAIL
        if failed and name in self._details:
            said = replace(said, reason=f"{said.reason}; {self._details[name]}")
        if self._record is None or name not in self._record.limits:
            return said
        numbers = {**said.numbers, "record": records.figures(self._record, name)}
        reason = f"{said.reason}; {records.blames(self._record)}" if failed else said.reason
        return replace(said, reason=reason, numbers=numbers)

    def take_rows(self) -> list[MeasurementRow]:
        """Rows that changed since the last call; windows that are over are let go."""
        rows = [
            MeasurementRow(self.rollout, name, window, list(self._open[name, window]))
            for name, window in sorted(self._dirty)
        ]
        self._dirty.clear()
        self._open = {key: kept for key, kept in self._open.items() if key[1] >= self._window}
        return rows

    def give_back(self, rows: Iterable[MeasurementRow]) -> None:
        """These could not be written: they are due again."""
        for row in rows:
            self._open.setdefault((row.monitor, row.window), list(row.samples))
            self._dirty.add((row.monitor, row.window))

    def _keep(self, name: str, now: float, sample: Json) -> None:
        key = (name, self._window_at(now))
        if key not in self._open:
            self._open[key] = []
        if not self._open[key] and self._begins(name):
            self._open[key].append({"dispersion": _STATE.dump_python(self._state, mode="json")})
        self._open[key].append(sample)
        self._dirty.add(key)

    def _window_at(self, now: float) -> int:
        """Never one before the last: a clock that is set back overwrites nothing, and the order of rows is that of time."""
        window = int(now // WINDOW) * WINDOW
        full = len(self._open.get((TICKS, self._window), ())) * self.interval >= WINDOW
        self._window = max(window, self._window + WINDOW if full else self._window)
        return self._window

    def _begins(self, name: str) -> bool:
        fresh = name not in self._named
        self._named.add(name)
        return fresh and name != TICKS

    def replay(self, rows: Iterable[MeasurementRow]) -> None:
        """Become what the watch was that took these samples."""
        self._said = None
        for row in rows:
            self._named.add(row.monitor)
            self._window = max(self._window, row.window)
            self._open[row.monitor, row.window] = list(row.samples)
            for sample in row.samples:
                if isinstance(sample, dict):
                    self._replay_one(row.monitor, sample)

    def _replay_one(self, name: str, sample: Json) -> None:
        if name == TICKS:
            observe, anew = int(number(sample["o"])), int(number(sample["a"]))
            self._count(number(sample["d"]), Span(observe=observe, anew=anew))
        elif name not in self._judges:
            return
        elif "dispersion" in sample:
            limit = number(sample["limit"]) if "limit" in sample else None
            self._judges[name] = self._judge(name, _STATE.validate_python(sample["dispersion"]), limit)
        elif "step" in sample:
            self._begun = (int(number(sample["step"])), int(number(sample["anew"])))
            self._judges[name].new_step(number(sample["margin"]))
        else:
            self._feed(name, read_back(sample))
