"""What every monitor keeps to. Inherit `MonitorContract` and give it the fixture `monitor`.

`CountingMonitorContract` is for those that read the router's counters, as most do.
"""
# ruff: noqa: D102 - what a test is about stands in its name

import asyncio
from collections.abc import Mapping
from typing import get_args

import pytest

from rollway.domain.traffic import GroupCounters
from rollway.domain.words import CANARY, STABLE
from rollway.evidence.counts import Counts, Reading, Value
from rollway.evidence.judge import Judge
from rollway.evidence.specification import Scalar, Specification
from rollway.plugin.kinds import Monitor, Tick

DEADLINE = 5.0
"""Seconds in which a sample comes, or cannot be had."""


def tick(canary: tuple[int, int] | None, stable: tuple[int, int] | None) -> Tick:
    """Cumulative requests and bad ones of both groups; None: the router has seen nothing of it."""
    given = {CANARY: canary, STABLE: stable}
    return Tick({role: GroupCounters(*pair) for role, pair in given.items() if pair is not None})


class MonitorContract:
    """The promises of `Monitor`; `monitor` is made anew for each test, with settings that are valid."""

    @pytest.fixture
    def monitor(self) -> Monitor:
        """Give the monitor under test."""
        raise NotImplementedError

    def test_it_names_its_judge(self, monitor: Monitor) -> None:
        assert isinstance(monitor.specification, get_args(Specification))
        assert monitor.specification == monitor.specification

    async def test_every_reading_fits_its_judge(self, monitor: Monitor) -> None:
        judge = Judge(monitor.specification, interval=0.25, monitors=1)
        for reading in (Tick(None), tick(None, None), tick((10, 1), (90, 2)), tick((20, 1), (180, 3))):
            judge.read(await self.sampled(monitor, reading))

    async def test_a_reading_is_of_the_kind_its_judge_takes(self, monitor: Monitor) -> None:
        kind = Value if isinstance(monitor.specification, Scalar) else Reading
        found = await self.sampled(monitor, tick((10, 1), (90, 2)))
        assert found is None or isinstance(found, kind)

    async def test_a_sample_may_be_cancelled(self, monitor: Monitor) -> None:
        sampling = asyncio.ensure_future(monitor.sample(tick((10, 1), (90, 2))))
        await asyncio.sleep(0)
        sampling.cancel()
        await asyncio.gather(sampling, return_exceptions=True)
        await self.sampled(monitor, tick((10, 1), (90, 2)))

    async def sampled(self, monitor: Monitor, tick: Tick) -> Reading | Value | None:
        """One sample, within its deadline."""
        async with asyncio.timeout(DEADLINE):
            return await monitor.sample(tick)


class CountingMonitorContract(MonitorContract):
    """The promises of a monitor whose source is the counters of the tick, and nothing else."""

    async def test_without_counters_there_is_no_reading(self, monitor: Monitor) -> None:
        assert await self.sampled(monitor, Tick(None)) is None

    async def test_the_same_tick_is_the_same_reading(self, monitor: Monitor) -> None:
        given = tick((10, 1), (90, 2))
        assert await self.sampled(monitor, given) == await self.sampled(monitor, given)

    async def test_nothing_is_remembered_between_ticks(self, monitor: Monitor) -> None:
        """Counters are cumulative and may go back: the judge takes the differences, not the monitor."""
        before = await self.sampled(monitor, tick((10, 1), (90, 2)))
        await self.sampled(monitor, tick((500, 400), (4_500, 0)))
        await self.sampled(monitor, Tick(None))
        assert await self.sampled(monitor, tick((10, 1), (90, 2))) == before

    @pytest.mark.parametrize(
        ("canary", "stable"), [(None, None), (None, (90, 2)), ((10, 1), None), ((10, 1), (90, 2))]
    )
    async def test_a_group_without_traffic_counts_as_zero(
        self, monitor: Monitor, canary: tuple[int, int] | None, stable: tuple[int, int] | None
    ) -> None:
        reading = await self.sampled(monitor, tick(canary, stable))
        assert isinstance(reading, Reading)
        assert _requests(reading.canary) == (canary or (0, 0))[0]
        assert reading.readable

    async def test_the_tick_is_left_as_it_was(self, monitor: Monitor) -> None:
        given = tick((10, 1), (90, 2))
        await self.sampled(monitor, given)
        assert given == tick((10, 1), (90, 2))


def _requests(series: Mapping[str, Counts]) -> float:
    return sum(counts.requests for counts in series.values())
