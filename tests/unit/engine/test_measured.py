"""What is measured and learned while the daemon runs: rows in the store, the baseline of traffic, margins from it."""

import pytest

from rollway.domain.plan import Observe
from rollway.domain.traffic import GroupCounters
from rollway.engine.baseline import Baseline
from rollway.engine.watch import TICKS, WINDOW
from rollway.testing.clock import BEGAN
from tests.unit.engine.scene import PLACE, Daemon, Scene, settings

pytestmark = pytest.mark.virtual_time


async def test_one_row_for_each_monitor_and_30_seconds(daemon: Daemon, scene: Scene) -> None:
    await daemon.apply(settings({"weight": "25%", "hold": "100s"}))
    await daemon.ended(await daemon.deploy("v1"))
    rollout = await daemon.deploy("v2")
    ended = await daemon.ended(rollout)
    rows = await scene.store.measurements(rollout)
    first, last = ended.admitted_at // WINDOW, (ended.ended_at or 0) // WINDOW
    windows = {row.window // WINDOW for row in rows}
    assert windows <= set(range(int(first), int(last) + 1))
    assert len(windows) >= 4
    assert {row.monitor for row in rows} == {TICKS, "error-rate"}
    assert len(rows) == 2 * len(windows)
    ticks = sum(len(row.samples) for row in rows if row.monitor == TICKS)
    assert 400 <= ticks <= 440


async def test_traffic_is_known_after_a_while(daemon: Daemon, scene: Scene) -> None:
    await daemon.stable("v1")
    await daemon.clock.sleep(60.0)
    baseline = await daemon.engine.baseline(PLACE)
    traffic = baseline.traffic(daemon.clock.now())
    assert traffic.rate == pytest.approx(scene.rate, rel=0.05)
    assert traffic.stable_bad == 0.0
    assert baseline.seconds >= 50


async def test_what_stable_fails_is_known(daemon: Daemon, scene: Scene) -> None:
    await daemon.stable("v1")
    scene.bad["v1"] = 0.02
    await daemon.clock.sleep(120.0)
    traffic = (await daemon.engine.baseline(PLACE)).traffic(daemon.clock.now())
    assert traffic.stable_bad == pytest.approx(0.02, rel=0.1)


async def test_it_is_kept_over_a_restart(scene: Scene) -> None:
    async with scene.daemon() as first:
        await first.stable("v1")
        await first.clock.sleep(120.0)
        before = await first.engine.baseline(PLACE)
        known = before.traffic(first.clock.now())
    async with scene.daemon() as second:
        again = await second.engine.baseline(PLACE)
        assert again.traffic(second.clock.now()).rate == pytest.approx(known.rate, rel=0.05)
        assert before.seconds - 31 <= again.seconds <= before.seconds + 1


async def test_known_traffic_makes_the_margin_of_the_next_plan(daemon: Daemon, scene: Scene) -> None:
    await daemon.stable("v1")
    unknown = margin(await daemon.service.plan("shop", "prod", None))
    await daemon.clock.sleep(120.0)
    known = margin(await daemon.service.plan("shop", "prod", None))
    assert unknown == 0.05
    assert known < unknown


def margin(view: object) -> float:
    """The margin of the plan's first observation."""
    plan = getattr(view, "plan")  # noqa: B009
    [does] = [step.does for step in plan.steps if isinstance(step.does, Observe)]
    return float(does.margins["error-rate"])


def learn(baseline: Baseline, seconds: int, rate: int, bad: int = 0, after: float = 0.0) -> float:
    """So many seconds of steady traffic, read each second; the time after them."""
    for second in range(seconds + 1):
        counters = {"g1": GroupCounters(second * rate, second * bad)}
        baseline.learn(counters, "g1", BEGAN + after + second, after + second)
    return BEGAN + after + seconds


def test_an_hour_is_remembered_and_no_more() -> None:
    baseline = Baseline()
    now = learn(baseline, 7_200, rate=10)
    assert baseline.traffic(now).rate == pytest.approx(10.0, rel=0.02)
    assert baseline.traffic(now + 7_200.0).rate is None


def test_a_few_seconds_are_no_rate() -> None:
    baseline = Baseline()
    now = learn(baseline, 3, rate=10)
    assert baseline.traffic(now).rate is None


def test_a_counter_that_began_anew_is_no_negative_traffic() -> None:
    baseline = Baseline()
    learn(baseline, 100, rate=10)
    now = learn(baseline, 100, rate=10, after=101.0)
    rate = baseline.traffic(now).rate
    assert rate is not None
    assert 9 <= rate <= 11


def test_nothing_is_known_without_stable_traffic() -> None:
    baseline = Baseline()
    for second in range(100):
        baseline.learn({}, None, BEGAN + second, second)
    assert baseline.traffic(BEGAN + 100).rate is None
    assert baseline.traffic(BEGAN + 100).stable_bad is None


def test_what_is_kept_is_what_was_known() -> None:
    baseline = Baseline()
    now = learn(baseline, 300, rate=10, bad=1)
    again = Baseline(baseline.to_json())
    assert again.traffic(now) == baseline.traffic(now)
    assert again.dispersion == baseline.dispersion
    assert again.seconds == baseline.seconds
