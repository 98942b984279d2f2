"""What a judge promises whatever it reads: the laws, the edge cases, the words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollway.domain.words import Verdict
from rollway.evidence.counts import Counts, Reading, Value
from rollway.evidence.dispersion import Dispersion
from rollway.evidence.judge import Judge
from rollway.evidence.judgement import Judgement
from rollway.evidence.specification import Comparison, Latency, Limit, Scalar, Specification

Increment = tuple[int, int, int, int]


@st.composite
def increments(draw: st.DrawFn, least_canary: int = 0) -> Increment:
    """New (n, e, N, E) of one interval."""
    n, stable_n = draw(st.integers(least_canary, 10_000)), draw(st.integers(0, 100_000))
    return n, draw(st.integers(0, n)), stable_n, draw(st.integers(0, stable_n))


class Tape:
    """Feeds increments to a judge as the cumulative counters that a router shows."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.canary = self.stable = Counts()
        judge.read(self.reading)

    @property
    def reading(self) -> Reading:
        return Reading.of(self.canary, self.stable)

    def add(self, *increments: Increment) -> Judgement:
        for n, e, stable_n, stable_e in increments:
            self.canary += Counts(n, e)
            self.stable += Counts(stable_n, stable_e)
            self.judge.read(self.reading)
        return self.judge.judgement()


def comparison(interval: float = 0.25, monitors: int = 1, tolerance: float = 0.002) -> Judge:
    return Judge(Comparison(tolerance), interval=interval, monitors=monitors, margin=0.05)


@given(
    case=st.sampled_from([(0.25, 4), (0.99, 4), (1.0, 3), (9.9, 3), (10.0, 2), (15.0, 2)]),
    data=st.data(),
    monitors=st.integers(1, 50),
    limit=st.booleans(),
)
def test_too_few_samples_never_fail(
    case: tuple[float, int], data: st.DataObject, monitors: int, limit: bool
) -> None:
    interval, samples = case
    spec: Specification = Limit(0.01) if limit else Comparison(0)
    tape = Tape(Judge(spec, interval=interval, monitors=monitors))
    worst = data.draw(st.lists(increments(), max_size=samples - 1))
    assert tape.add(*worst).verdict is not Verdict.FAIL


@pytest.mark.parametrize(("interval", "samples"), [(0.25, 4), (1.0, 3), (15.0, 2)])
def test_a_total_failure_fails_as_soon_as_it_may(interval: float, samples: int) -> None:
    tape = Tape(comparison(interval))
    assert tape.add(*[(100, 100, 900, 0)] * samples).verdict is Verdict.FAIL


@given(st.lists(st.one_of(st.none(), increments().map(lambda new: (0, 0, *new[2:])))))
def test_without_a_canary_request_nothing_passes(readings: list[Increment | None]) -> None:
    tape = Tape(comparison())
    for new in readings:
        if new is None:
            tape.judge.read(None)
        else:
            tape.add(new)
        assert tape.judge.judgement().verdict in {Verdict.NO_DATA, Verdict.ERROR}


@given(st.lists(increments(), max_size=8), st.integers(1, 10))
def test_unreadable_samples_change_no_evidence(seen: list[Increment], unreadable: int) -> None:
    tape = Tape(comparison())
    before = tape.add(*seen)
    for _ in range(unreadable):
        tape.judge.read(None)
    after = tape.judge.judgement()
    assert (after.log_e, after.log_clear) == (before.log_e, before.log_clear)
    wrong = unreadable >= 5 and before.verdict is not Verdict.FAIL
    assert after.verdict is (Verdict.ERROR if wrong else before.verdict)


def test_the_next_reading_ends_the_error_and_covers_the_gap() -> None:
    gap, smooth = Tape(comparison()), Tape(comparison())
    for tape in (gap, smooth):
        tape.add((10, 0, 90, 1))
    for _ in range(5):
        gap.judge.read(None)
    assert gap.judge.judgement().verdict is Verdict.ERROR
    assert gap.add((60, 0, 540, 6)).verdict is Verdict.INCONCLUSIVE
    assert gap.judge.judgement().step == smooth.add(*[(10, 0, 90, 1)] * 6).step


@given(seen=st.lists(increments(), max_size=4), last=increments(least_canary=1))
def test_a_bad_request_moved_from_stable_to_canary_never_lowers_blame(
    seen: list[Increment], last: Increment
) -> None:
    n, e, stable_n, stable_e = last
    if not (e < n and stable_e):
        return
    one, other = Tape(comparison(tolerance=0)), Tape(comparison(tolerance=0))
    one.add(*seen, last)
    other.add(*seen, (n, e + 1, stable_n, stable_e - 1))
    assert other.judge.judgement().log_e >= one.judge.judgement().log_e - 1e-9


@given(
    st.lists(st.one_of(increments(), st.none(), st.floats(0, 0.1)), max_size=30),
    st.integers(0, 100),
)
def test_a_replay_is_exact(script: list[Increment | float | None], learned: int) -> None:
    known = Dispersion(0.25)
    for index in range(learned):
        known.learn(50, 5 * (index % 3))
    judges = [Judge(Comparison(), interval=0.25, monitors=2, dispersion=known) for _ in range(2)]
    said: list[Judgement] = []
    for judge in judges:
        tape = Tape(judge)
        for entry in script:
            match entry:
                case None:
                    judge.read(None)
                case float():
                    judge.new_step(entry)
                case _:
                    tape.add(entry)
        said.append(judge.judgement())
    assert said[0] == said[1]
    assert judges[0].dispersion.state == judges[1].dispersion.state


def test_a_shared_outage_is_no_fault_of_the_canary() -> None:
    tape = Tape(comparison())
    assert tape.add(*[(10, 10, 190, 190)] * 100).verdict is not Verdict.FAIL


def test_failed_is_final_and_keeps_its_reason() -> None:
    tape = Tape(comparison())
    failed = tape.add(*[(10, 10, 190, 0)] * 4)
    assert failed.verdict is Verdict.FAIL
    later = tape.add(*[(1000, 0, 19000, 0)] * 100)
    assert later.log_e < later.threshold_fail
    assert (later.verdict, later.reason) == (Verdict.FAIL, failed.reason)
    tape.judge.new_step(0.05)
    assert tape.judge.judgement().verdict is Verdict.FAIL


def test_a_new_step_forgets_what_cleared_and_remembers_what_blames() -> None:
    tape = Tape(comparison())
    passed = tape.add(*[(10, 0, 90, 0)] * 40)
    assert passed.verdict is Verdict.PASS
    tape.judge.new_step(0.01)
    anew = tape.judge.judgement()
    assert (anew.verdict, anew.log_clear, anew.margin) == (Verdict.NO_DATA, 0.0, 0.01)
    assert anew.log_e == pytest.approx(passed.log_e, abs=0.3)
    assert anew.step.canary == Counts()
    assert anew.rollout.canary == Counts(400, 0)


def test_a_step_may_bring_its_own_tolerance() -> None:
    judge = Judge(Latency(0.99, 1.2), interval=1, monitors=1, margin=0.02)
    judge.new_step(0.02, tolerance=0.01)
    assert "stable + 3 pp" in Tape(judge).add((5, 0, 95, 0)).reason
    judge.new_step(0.02)
    assert "stable + 2 pp" in Tape(judge).add((5, 0, 95, 0)).reason


def test_the_dispersion_given_is_left_as_it_was() -> None:
    known = Dispersion(1.0)
    state = known.state
    judge = Judge(Comparison(), interval=1.0, monitors=1, dispersion=known)
    Tape(judge).add(*[(10, 0, 90, bad) for bad in (0, 10) * 20])
    assert judge.dispersion.value > 1
    assert known.state == state


def test_bursts_of_stable_weigh_down_the_evidence() -> None:
    bursty = Dispersion(1.0)
    for index in range(120):
        bursty.learn(200, 10 * (index % 2))
    errors = [(20, 4, 180, 0)] * 2
    plain = Tape(Judge(Comparison(), interval=1.0, monitors=1)).add(*errors)
    known = Tape(Judge(Comparison(), interval=1.0, monitors=1, dispersion=bursty)).add(*errors)
    assert 0 < known.log_e < plain.log_e


def test_many_healthy_days_leave_a_number() -> None:
    """A purse that only ever loses shrinks; it must not become the logarithm of nothing."""
    judge = Judge(Limit(0.5), interval=25.0, monitors=1)
    tape = Tape(judge)
    assert tape.add(*[(10**6, 0, 0, 0)] * 20_000).log_e == pytest.approx(-667.75, abs=1)
    assert tape.add(*[(10**6, 10**6, 0, 0)] * 400).verdict is Verdict.FAIL


@given(st.lists(st.tuples(st.floats(), st.floats()), min_size=2, max_size=12))
def test_no_number_a_metric_store_may_send_breaks_a_judge(numbers: list[tuple[float, float]]) -> None:
    judge = comparison()
    for one, other in numbers:
        judge.read(Reading.of(Counts(one, other), Counts(other, one)))
    said = judge.judgement()
    assert said.log_e == said.log_e
    assert said.verdict in set(Verdict)


SCALAR = Scalar("<", 0.8, times_stable=True)
VALUES: dict[str, tuple[list[Value | None], Verdict]] = {
    "nothing read yet": ([], Verdict.NO_DATA),
    "nine breaches in a row fail": ([Value(0.7, 1.0)] * 9, Verdict.FAIL),
    "eight do not": ([Value(0.7, 1.0)] * 8, Verdict.INCONCLUSIVE),
    "seven clean ones pass": ([Value(0.9, 1.0)] * 7, Verdict.PASS),
    "six do not": ([Value(0.9, 1.0)] * 6, Verdict.INCONCLUSIVE),
    "on the line is no breach": ([Value(0.8, 1.0)] * 7, Verdict.PASS),
    "five NaN are an error": ([Value(float("nan"), 1.0)] * 5, Verdict.ERROR),
    "five without stable too": ([Value(0.9)] * 5, Verdict.ERROR),
    "five holes too": ([None] * 5, Verdict.ERROR),
}


@pytest.mark.parametrize("case", VALUES)
def test_any_number(case: str) -> None:
    values, verdict = VALUES[case]
    judge = Judge(SCALAR, interval=15.0, monitors=1)
    for value in values:
        judge.read(value)
    assert judge.judgement().verdict is verdict


REASONS: dict[str, tuple[Specification, list[Increment], str]] = {
    "fail": (
        Comparison(),
        [(62, 3, 188, 0), (62, 3, 188, 0), (63, 3, 187, 0), (63, 4, 187, 1)],
        "canary fails 5.2% (13 of 250), stable 0.133% (1 of 750): 0.2 pp allowed",
    ),
    "ratio": (
        Comparison(0.001, 1.5),
        [(100, 100, 900, 9)] * 4,
        "canary fails 100% (400 of 400), stable 1% (36 of 3,600): 1.5 x stable + 0.1 pp allowed",
    ),
    "pass": (
        Comparison(),
        [(50, 0, 950, 1)] * 4,
        "canary fails 0% (0 of 200), stable 0.105% (4 of 3,800): clear of stable + 5.2 pp",
    ),
    "inconclusive": (
        Comparison(),
        [(5, 0, 95, 1)],
        "canary fails 0% (0 of 5), stable 1.05% (1 of 95): too little evidence yet, clears at stable + 5.2 pp",
    ),
    "no data": (Comparison(), [(0, 0, 95, 1)], "no request reached both canary and stable in this step yet"),
    "no data for a limit": (Limit(0.01), [(0, 0, 95, 1)], "no request reached the canary in this step yet"),
    "limit": (Limit(0.01), [(50, 5, 0, 0)] * 4, "canary fails 10% (20 of 200): 1% allowed"),
    "limit of latency": (
        Limit(0.01, slower_than=0.5),
        [(50, 5, 0, 0)] * 4,
        "canary is slow in 10% (20 of 200): 1% slower than 0.5 s allowed",
    ),
    "latency": (
        Latency(0.99, 1.2),
        [(50, 10, 950, 9)] * 4,
        "canary is slow in 20% (40 of 200), stable 0.947% (36 of 3,800): 99% quantile 20% slower allowed",
    ),
}


@pytest.mark.parametrize("case", REASONS)
def test_the_reason_is_a_sentence_for_an_operator(case: str) -> None:
    spec, seen, expected = REASONS[case]
    margin = 0.0 if isinstance(spec, Limit) else 0.05
    assert Tape(Judge(spec, interval=0.25, monitors=1, margin=margin)).add(*seen).reason == expected


def test_the_reasons_of_a_scalar_and_of_an_error() -> None:
    judge = Judge(SCALAR, interval=15.0, monitors=1)
    assert judge.judgement().reason == "no measurement in this step yet"
    for _ in range(9):
        judge.read(Value(0.7, 1.0))
    assert judge.judgement().reason == "breached in 9 of 9 intervals: half of them allowed"
    lost = comparison()
    for _ in range(5):
        lost.read(None)
    assert lost.judgement().reason == "the last 5 measurements could not be read"


def test_a_reading_of_the_wrong_kind_is_a_mistake_of_the_monitor() -> None:
    with pytest.raises(TypeError, match="Reading"):
        comparison().read(Value(1.0))
    with pytest.raises(TypeError, match="Value"):
        Judge(SCALAR, interval=15.0, monitors=1).read(Reading.of(Counts()))


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("interval", 0.0),
        ("interval", float("nan")),
        ("monitors", 0),
        ("monitors", 10_000),
        ("alpha", 0.0),
        ("beta", 1.0),
        ("margin", -0.01),
        ("margin", 1.0),
        ("margin", float("nan")),
        ("min_samples", 1),
    ],
)
def test_numbers_that_keep_no_promise_are_refused(setting: str, value: float) -> None:
    settings: dict[str, float] = {"interval": 0.25, "monitors": 1, "margin": 0.01, setting: value}
    with pytest.raises(ValueError, match=r"(interval|monitors|alpha|margin|min_samples).*:"):
        Judge(Comparison(), **settings)  # type: ignore[arg-type]


def test_more_monitors_ask_for_more_evidence() -> None:
    one, five = comparison().judgement(), comparison(monitors=5).judgement()
    assert five.threshold_fail > one.threshold_fail
    assert five.threshold_pass == one.threshold_pass
