"""The watch: samples kept so that the judges can be rebuilt exactly, and a hold's progress with them."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollway.domain.decisions import Judgement
from rollway.domain.traffic import GroupCounters
from rollway.domain.words import CANARY, STABLE, Verdict
from rollway.engine.watch import TICKS, WINDOW, Span, Watch
from rollway.evidence.counts import Value
from rollway.evidence.specification import Comparison, Limit, Scalar
from rollway.plugin.kinds import Monitor
from rollway.store.protocol import MeasurementRow
from rollway.testing.clock import BEGAN, run_virtually
from rollway.testing.fake_monitor import FakeMonitor
from rollway.testing.faults import Fault

MARGINS = {"error-rate": 0.05}


def monitors() -> dict[str, Monitor]:
    return {"error-rate": FakeMonitor(Comparison()), "errors": FakeMonitor(Limit(0.01)), "orders": orders()}


def orders() -> FakeMonitor:
    monitor = FakeMonitor(Scalar("<", 0.8, times_stable=True))
    monitor.says([Value(0.7 if i % 3 else 0.9, 1.0) for i in range(10_000)])
    return monitor


def watch() -> Watch:
    return Watch("r1", monitors(), interval=0.25, tests=3)


def counters(canary: tuple[int, int], stable: tuple[int, int]) -> Mapping[str, GroupCounters]:
    return {CANARY: GroupCounters(*canary), STABLE: GroupCounters(*stable)}


class Played:
    """A watch, the store that its rows go to, and the world it looks at."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.rows: dict[tuple[int, str], MeasurementRow] = {}
        self.wall, self.monotonic = BEGAN, 0.0
        self.canary, self.stable = [0, 0], [0, 0]

    def begin(self, span: Span) -> None:
        self.watch.begin(span, MARGINS, self.wall)

    async def sample(self, new: tuple[int, int] | None, seconds: float = 0.25) -> None:
        """So much later, this much more traffic, so much of it bad; None: the counters cannot be read."""
        self.wall += seconds
        self.monotonic += seconds
        if new is None:
            await self.watch.sample(None, self.wall, self.monotonic)
            return
        self.canary = [self.canary[0] + new[0], self.canary[1] + new[1]]
        self.stable = [self.stable[0] + 3 * new[0], self.stable[1]]
        read = counters((self.canary[0], self.canary[1]), (self.stable[0], self.stable[1]))
        await self.watch.sample(read, self.wall, self.monotonic)

    def write(self) -> None:
        self.rows |= {(row.window, row.monitor): row for row in self.watch.take_rows()}

    def stored(self) -> list[MeasurementRow]:
        """As the store gives them: by window, then monitor."""
        return [self.rows[key] for key in sorted(self.rows)]

    def restarted(self) -> Watch:
        again = watch()
        again.replay(self.stored())
        return again


Act = tuple[str, object]


def acts() -> st.SearchStrategy[list[Act]]:
    traffic = st.tuples(st.integers(0, 200), st.integers(0, 3)).map(lambda t: (t[0], min(t)))
    act: st.SearchStrategy[Act] = st.one_of(
        st.tuples(st.just("sample"), traffic),
        st.tuples(st.just("sample"), traffic),
        st.tuples(st.just("sample"), traffic),
        st.tuples(st.just("sample"), st.none()),
        st.tuples(st.just("write"), st.none()),
        st.tuples(st.just("step"), st.sampled_from([Span(3, 0), Span(3, 4), Span(5, 6), Span(5, 6, 1)])),
        st.tuples(st.just("jump"), st.sampled_from([-3600.0, -31.0, -1.0, 20.0, 31.0, 3600.0])),
        st.tuples(st.just("absence"), st.sampled_from([1.0, 40.0])),
    )
    return st.lists(act, max_size=60)


async def played(acts: list[Act]) -> Played:
    playing = Played(watch())
    playing.begin(Span(3, 4))
    for what, given_ in acts:
        match what, given_:
            case "sample", (int(n), int(bad)):
                await playing.sample((n, bad))
            case "sample", None:
                await playing.sample(None)
            case "write", _:
                playing.write()
            case "step", Span() as span:
                playing.begin(span)
            case "jump", float(seconds):
                playing.wall += seconds
            case "absence", float(seconds):
                await playing.sample((1, 0), seconds)
    playing.write()
    return playing


@given(acts())
@settings(max_examples=40, deadline=None)
def test_rows_rebuild_the_judges_exactly(acts: list[Act]) -> None:
    """Whatever was sampled and however the clock was set: the same judgements, the same progress."""
    before = run_virtually(played(acts))
    after = before.restarted()
    assert after.judgements() == before.watch.judgements()
    for span in (Span(3, 4), Span(5, 6), Span(5, 6, 1), Span()):
        assert after.watched(span) == pytest.approx(before.watch.watched(span))


@given(acts(), st.lists(st.tuples(st.integers(0, 200), st.just(0)), max_size=20))
@settings(max_examples=20, deadline=None)
def test_a_second_life_judges_as_the_first_would_have(acts: list[Act], more: list[tuple[int, int]]) -> None:
    async def both() -> tuple[dict[str, Judgement], dict[str, Judgement]]:
        first = await played(acts)
        second = await played(acts)
        second.watch = second.restarted()
        for playing in (first, second):
            playing.begin(Span(5, 6, 2))
            for new in more:
                await playing.sample(new)
        return first.watch.judgements(), second.watch.judgements()

    uninterrupted, restarted = run_virtually(both())
    uninterrupted.pop("orders"), restarted.pop("orders")  # its source, a list, begins anew
    assert restarted == uninterrupted


async def test_one_row_for_each_monitor_and_30_seconds() -> None:
    playing = Played(watch())
    playing.begin(Span(3, 4))
    for _ in range(4 * 70):
        await playing.sample((10, 0))
        playing.write()
    windows = sorted({row.window for row in playing.stored()})
    assert windows == [BEGAN // WINDOW * WINDOW + i * WINDOW for i in range(len(windows))]
    assert 3 <= len(windows) <= 4
    names = {row.monitor for row in playing.stored()}
    assert names == {TICKS, "error-rate", "errors", "orders"}
    assert len(playing.stored()) == len(windows) * len(names)
    assert sum(len(row.samples) for row in playing.stored() if row.monitor == TICKS) == 280


async def test_a_clock_set_back_overwrites_no_row() -> None:
    playing = Played(watch())
    playing.begin(Span(3, 4))
    for second in range(200):
        if second == 100:
            playing.wall -= 60.0
        await playing.sample((10, 0), 0.25)
        playing.write()
    assert playing.restarted().watched(Span(3, 4)) == pytest.approx(playing.watch.watched(Span(3, 4)))


async def test_rows_do_not_grow_without_bound_after_a_clock_was_set_back() -> None:
    playing = Played(watch())
    playing.begin(Span(3, 4))
    await playing.sample((10, 0))
    playing.write()
    playing.wall -= 86_400.0
    for _ in range(4 * 100):
        await playing.sample((10, 0))
        playing.write()
    assert max(len(row.samples) for row in playing.stored()) <= 4 * WINDOW + 10


async def test_rows_that_could_not_be_written_are_due_again() -> None:
    playing = Played(watch())
    playing.begin(Span(3, 4))
    await playing.sample((10, 0))
    lost = playing.watch.take_rows()
    assert playing.watch.take_rows() == []
    playing.watch.give_back(lost)
    await playing.sample((10, 0), 45.0)
    playing.write()
    assert playing.restarted().judgements() == playing.watch.judgements()


async def test_a_new_shift_begins_the_evidence_for_it_anew() -> None:
    playing = Played(watch())
    playing.begin(Span(3, 4))
    for _ in range(40):
        await playing.sample((100, 0))
    assert playing.watch.judgements()["error-rate"].verdict is Verdict.PASS
    playing.begin(Span(5, 0))
    assert playing.watch.judgements()["error-rate"].verdict is Verdict.NO_DATA


async def test_an_absence_counts_for_no_hold() -> None:
    playing = Played(watch())
    playing.begin(Span(3, 4))
    await playing.sample((10, 0))
    await playing.sample((10, 0))
    await playing.sample((10, 0), 3600.0)
    assert playing.watch.watched(Span(3, 4)) <= 0.25 + 2 * 0.25


async def test_a_monitor_that_fails_or_hangs_is_unreadable_and_keeps_no_other_waiting() -> None:
    bad = FakeMonitor()
    good = FakeMonitor()
    playing = Played(Watch("r1", {"bad": bad, "good": good}, interval=0.25, tests=2))
    playing.begin(Span(3, 4))
    bad.breaks(Fault.FAIL, 30)
    for _ in range(40):
        await playing.sample((100, 0))
        bad.breaks(Fault.FAIL)
    assert playing.watch.judgements()["bad"].verdict is Verdict.ERROR
    assert playing.watch.judgements()["good"].verdict is Verdict.PASS


@pytest.mark.virtual_time
async def test_a_monitor_that_hangs_is_cancelled() -> None:
    bad = FakeMonitor()
    playing = Played(Watch("r1", {"bad": bad}, interval=0.25, tests=1))
    playing.begin(Span(3, 4))
    bad.breaks(Fault.HANG, 2)
    await playing.sample((100, 0))
    await playing.sample((100, 0))
    assert len(bad.ticks) == 2
