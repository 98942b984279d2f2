"""The evidence of one rollout: monitors sampled, judges fed, every sample kept so that the judges can be rebuilt exactly."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import JsonValue, TypeAdapter

from rollway.domain.decisions import Judgement as Judged
from rollway.domain.traffic import GroupCounters
from rollway.engine.effects import Trouble, call
from rollway.evidence.counts import Counts, Reading, Value
from rollway.evidence.dispersion import Dispersion, DispersionState
from rollway.evidence.judge import Judge
from rollway.evidence.judgement import Judgement, Totals
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
        self._make_judges(dispersion)

    def _make_judges(self, state: DispersionState | None) -> None:
        self._state = Dispersion(self.interval, state).state
        self._judges = {name: self._judge(name, self._state) for name in self._monitors}

    def _judge(self, name: str, state: DispersionState) -> Judge:
        return Judge(
            self._monitors[name].specification,
            interval=self.interval,
            monitors=self._tests,
            dispersion=Dispersion(self.interval, state),
        )

    @property
    def span(self) -> Span:
        """What the next sample counts for."""
        return self._span

    def begin(self, span: Span, margins: Mapping[str, float], now: float) -> None:
        """From now on samples count for this; a new shift, or an observation anew, begins the evidence for it anew."""
        if (span.observe, span.anew) != (self._span.observe, self._span.anew):
            self._last = None  # a hold is a minimum: what went before it does not count
        self._span = span
        if (span.shift, span.anew) == self._begun:
            return
        self._begun = (span.shift, span.anew)
        for name, judge in self._judges.items():
            margin = margins.get(name, 0.0)
            judge.new_step(margin)
            self._keep(name, now, {"step": span.shift, "anew": span.anew, "margin": margin})

    async def sample(
        self, counters: Mapping[str, GroupCounters] | None, now: float, monotonic: float
    ) -> None:
        """Take one reading of every monitor; `counters` by role."""
        elapsed = 0.0 if self._last is None else min(monotonic - self._last, 2 * self.interval)
        self._last = monotonic
        tick = Tick(counters)
        names = list(self._monitors)
        readings = await asyncio.gather(*(self._read(name, tick) for name in names))
        for name, reading in zip(names, readings, strict=True):
            if reading is not None or name not in self._readable:
                self._readable[name] = monotonic
            self._judges[name].read(reading)
            self._keep(name, now, _written(reading))
        span = self._span
        self._count(elapsed, span)
        self._keep(TICKS, now, {"t": now, "d": elapsed, "o": span.observe, "a": span.anew})

    def age(self, monotonic: float) -> float | None:
        """Seconds since every monitor could last be read; None before the first sample, and without monitors."""
        return monotonic - min(self._readable.values()) if self._readable else None

    def _count(self, elapsed: float, span: Span) -> None:
        key = (span.observe, span.anew)
        self._watched[key] = self._watched.get(key, 0.0) + elapsed

    async def _read(self, name: str, tick: Tick) -> Reading | Value | None:
        try:
            return await call(f"monitor {name}", self._monitors[name].sample(tick), SAMPLE_DEADLINE)
        except Trouble:
            return None

    def watched(self, span: Span) -> float:
        """Seconds of this observation in which samples were taken."""
        return self._watched.get((span.observe, span.anew), 0.0)

    def judgements(self) -> dict[str, Judged]:
        """What every judge says now."""
        return {name: _told(judge.judgement()) for name, judge in self._judges.items()}

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
        for row in rows:
            self._named.add(row.monitor)
            self._window = max(self._window, row.window)
            self._open[row.monitor, row.window] = list(row.samples)
            for sample in row.samples:
                if isinstance(sample, dict):
                    self._replay_one(row.monitor, sample)

    def _replay_one(self, name: str, sample: Json) -> None:
        if name == TICKS:
            observe, anew = int(_number(sample["o"])), int(_number(sample["a"]))
            self._count(_number(sample["d"]), Span(observe=observe, anew=anew))
        elif name not in self._judges:
            return
        elif "dispersion" in sample:
            self._judges[name] = self._judge(name, _STATE.validate_python(sample["dispersion"]))
        elif "step" in sample:
            self._begun = (int(_number(sample["step"])), int(_number(sample["anew"])))
            self._judges[name].new_step(_number(sample["margin"]))
        else:
            self._judges[name].read(_read_back(sample))


def _number(value: JsonValue) -> float:
    return float(value) if isinstance(value, int | float | str) else 0.0


def _written(reading: Reading | Value | None) -> Json:
    match reading:
        case None:
            return {"u": 1}
        case Value():
            return {"v": reading.canary, "w": reading.stable}
        case Reading():
            return {"c": _series(reading.canary), "s": _series(reading.stable)}


def _series(series: Mapping[str, Counts]) -> Json:
    return {name: [counts.requests, counts.bad] for name, counts in series.items()}


def _read_back(sample: Json) -> Reading | Value | None:
    if "u" in sample:
        return None
    if "v" in sample:
        stable = sample.get("w")
        return Value(_number(sample["v"]), None if stable is None else _number(stable))
    return Reading(_counts(sample["c"]), _counts(sample["s"]))


def _counts(series: JsonValue) -> dict[str, Counts]:
    if not isinstance(series, dict):
        return {}
    return {
        name: Counts(_number(pair[0]), _number(pair[1]))
        for name, pair in series.items()
        if isinstance(pair, list)
    }


def _told(judgement: Judgement) -> Judged:
    numbers = {
        "log_e": round(judgement.log_e, 6),
        "threshold_fail": round(judgement.threshold_fail, 6),
        "log_clear": round(judgement.log_clear, 6),
        "threshold_pass": round(judgement.threshold_pass, 6),
        "dispersion": round(judgement.dispersion, 6),
        "margin": judgement.margin,
        **_arms(judgement.step),
        "rollout": _arms(judgement.rollout),
    }
    return Judged(judgement.verdict, judgement.reason, numbers, int(judgement.step.canary.requests))


def _arms(totals: Totals) -> dict[str, object]:
    return {"canary": _figures(totals.canary), "stable": _figures(totals.stable)}


def _figures(counts: Counts) -> dict[str, object]:
    return {"requests": counts.requests, "bad": counts.bad}
