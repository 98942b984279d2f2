"""What every clock and every alarm clock keeps to. Inherit `ClockContract` or `AlarmClockContract`, give the fixtures."""
# ruff: noqa: D102 - what a test is about stands in its name

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from rollway.engine.ports import Advance, AlarmClock, Clock

SHORT = 0.05
"""Seconds that are long enough to be told from none, and short enough for a clock of this world."""

DEADLINE = 10.0


class ClockContract:
    """The promises of `Clock`; `clock` is made anew for each test."""

    @pytest.fixture
    def clock(self) -> Clock:
        """Give the clock under test."""
        raise NotImplementedError

    async def test_sleep_returns_no_earlier_than_asked(self, clock: Clock) -> None:
        before = clock.monotonic()
        await clock.sleep(SHORT)
        assert clock.monotonic() - before >= SHORT

    async def test_the_wall_clock_goes_on_with_the_other(self, clock: Clock) -> None:
        before = clock.now()
        await clock.sleep(SHORT)
        assert clock.now() - before >= SHORT / 2

    async def test_monotonic_never_goes_back(self, clock: Clock) -> None:
        seen = []
        for _ in range(50):
            seen.append(clock.monotonic())
            await clock.sleep(0)
        assert seen == sorted(seen)

    async def test_sleeping_lets_others_run(self, clock: Clock) -> None:
        ran = asyncio.Event()
        asyncio.get_running_loop().call_soon(ran.set)
        await clock.sleep(SHORT)
        assert ran.is_set()

    async def test_who_sleeps_less_wakes_first(self, clock: Clock) -> None:
        order: list[float] = []

        async def nap(seconds: float) -> None:
            await clock.sleep(seconds)
            order.append(seconds)

        await asyncio.gather(*(nap(seconds) for seconds in (3 * SHORT, SHORT, 2 * SHORT)))
        assert order == [SHORT, 2 * SHORT, 3 * SHORT]

    async def test_a_sleep_may_be_cancelled(self, clock: Clock) -> None:
        sleeping = asyncio.ensure_future(clock.sleep(3600))
        await clock.sleep(0)
        sleeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sleeping


@dataclass
class Rings:
    """An `advance` that counts what rang and when, and does what a test asks of it."""

    clock: Clock
    times: dict[str, list[float]] = field(default_factory=dict)
    running: Counter[str] = field(default_factory=Counter)
    most: Counter[str] = field(default_factory=Counter)
    at_once: int = 0
    does: Callable[[str], Awaitable[float | None]] | None = None
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def __call__(self, id_: str) -> float | None:
        self.times.setdefault(id_, []).append(self.clock.now())
        self.running[id_] += 1
        self.most[id_] = max(self.most[id_], self.running[id_])
        self.at_once = max(self.at_once, self.running.total())
        async with self._news:
            self._news.notify_all()
        try:
            return await self.does(id_) if self.does else None
        finally:
            self.running[id_] -= 1

    def count(self, id_: str) -> int:
        return len(self.times.get(id_, ()))

    async def rung(self, id_: str, times: int = 1) -> None:
        """Wait until it rang so often; fails after `DEADLINE`."""
        async with asyncio.timeout(DEADLINE), self._news:
            await self._news.wait_for(lambda: self.count(id_) >= times)


class AlarmClockContract:
    """The promises of `AlarmClock`; `alarm` and the `clock` it goes by are made anew for each test."""

    @pytest.fixture
    def clock(self) -> Clock:
        """Give the clock that the alarm clock goes by."""
        raise NotImplementedError

    @pytest.fixture
    def alarm(self, clock: Clock) -> AlarmClock:
        """Give the alarm clock under test."""
        raise NotImplementedError

    @pytest.fixture
    def rings(self, clock: Clock) -> Rings:
        """Give what counts."""
        return Rings(clock)

    async def test_wake_now_rings(self, alarm: AlarmClock, rings: Rings) -> None:
        async with serving(alarm, rings):
            alarm.wake_now("a")
            await rings.rung("a")
        assert rings.count("b") == 0

    async def test_wake_at_rings_at_its_time_and_not_before(
        self, alarm: AlarmClock, rings: Rings, clock: Clock
    ) -> None:
        at = clock.now() + SHORT
        async with serving(alarm, rings):
            alarm.wake_at("a", at)
            await rings.rung("a")
        assert rings.times["a"][0] >= at

    async def test_a_time_that_is_over_rings_at_once(
        self, alarm: AlarmClock, rings: Rings, clock: Clock
    ) -> None:
        async with serving(alarm, rings):
            alarm.wake_at("a", clock.now() - 3600)
            await rings.rung("a")

    async def test_what_was_set_before_it_runs_rings(
        self, alarm: AlarmClock, rings: Rings, clock: Clock
    ) -> None:
        alarm.wake_now("a")
        alarm.wake_at("b", clock.now() + SHORT)
        async with serving(alarm, rings):
            await rings.rung("a")
            await rings.rung("b")

    async def test_an_earlier_time_rings_earlier(self, alarm: AlarmClock, rings: Rings, clock: Clock) -> None:
        async with serving(alarm, rings):
            alarm.wake_at("a", clock.now() + 3600)
            await clock.sleep(SHORT)
            alarm.wake_at("a", clock.now() + SHORT)
            await rings.rung("a")

    async def test_a_later_time_takes_no_earlier_one_away(
        self, alarm: AlarmClock, rings: Rings, clock: Clock
    ) -> None:
        async with serving(alarm, rings):
            alarm.wake_at("a", clock.now() + SHORT)
            alarm.wake_at("a", clock.now() + 3600)
            await rings.rung("a")

    async def test_now_goes_before_a_time(self, alarm: AlarmClock, rings: Rings, clock: Clock) -> None:
        async with serving(alarm, rings):
            alarm.wake_at("a", clock.now() + 3600)
            await clock.sleep(SHORT)
            alarm.wake_now("a")
            await rings.rung("a")

    async def test_the_answer_says_when_to_ring_again(
        self, alarm: AlarmClock, rings: Rings, clock: Clock
    ) -> None:
        async def every_so_often(_: str) -> float | None:
            return clock.now() + SHORT

        rings.does = every_so_often
        async with serving(alarm, rings):
            alarm.wake_now("a")
            await rings.rung("a", 3)
        first, second, third = rings.times["a"][:3]
        assert second - first >= SHORT / 2
        assert third - second >= SHORT / 2

    async def test_none_means_until_somebody_wakes_it(
        self, alarm: AlarmClock, rings: Rings, clock: Clock
    ) -> None:
        async with serving(alarm, rings):
            alarm.wake_now("a")
            await rings.rung("a")
            await clock.sleep(SHORT)
            before = rings.count("a")
            alarm.wake_now("a")
            await rings.rung("a", before + 1)

    async def test_woken_while_it_is_advanced_it_rings_again(
        self, alarm: AlarmClock, rings: Rings, clock: Clock
    ) -> None:
        async def slowly(_: str) -> float | None:
            await clock.sleep(SHORT)
            return None

        rings.does = slowly
        async with serving(alarm, rings):
            alarm.wake_now("a")
            await rings.rung("a")
            alarm.wake_now("a")
            await rings.rung("a", 2)

    async def test_it_may_wake_itself(self, alarm: AlarmClock, rings: Rings) -> None:
        async def again(id_: str) -> float | None:
            if rings.count(id_) < 3:
                alarm.wake_now(id_)
            return None

        rings.does = again
        async with serving(alarm, rings):
            alarm.wake_now("a")
            await rings.rung("a", 3)

    async def test_a_time_set_while_it_is_advanced_rings(
        self, alarm: AlarmClock, rings: Rings, clock: Clock
    ) -> None:
        async def later(id_: str) -> float | None:
            if rings.count(id_) == 1:
                alarm.wake_at(id_, clock.now() + SHORT)
            await clock.sleep(SHORT / 5)
            return None

        rings.does = later
        async with serving(alarm, rings):
            alarm.wake_now("a")
            await rings.rung("a", 2)

    async def test_an_advance_that_raises_is_rung_again(self, alarm: AlarmClock, rings: Rings) -> None:
        async def stumbles(id_: str) -> float | None:
            if rings.count(id_) < 3:
                raise RuntimeError("as asked")
            return None

        rings.does = stumbles
        async with serving(alarm, rings):
            alarm.wake_now("a")
            await rings.rung("a", 3)

    async def test_one_that_raises_keeps_no_other_from_ringing(self, alarm: AlarmClock, rings: Rings) -> None:
        async def stumbles(id_: str) -> float | None:
            if id_ == "a":
                raise RuntimeError("as asked")
            return None

        rings.does = stumbles
        async with serving(alarm, rings):
            alarm.wake_now("a")
            alarm.wake_now("b")
            await rings.rung("b")

    async def test_different_ids_do_not_wait_for_each_other(self, alarm: AlarmClock, rings: Rings) -> None:
        both = asyncio.Barrier(2)

        async def meet(_: str) -> float | None:
            await both.wait()
            return None

        rings.does = meet
        async with serving(alarm, rings):
            alarm.wake_now("a")
            alarm.wake_now("b")
            await rings.rung("a")
            await rings.rung("b")
        assert rings.at_once == 2

    async def test_one_id_is_never_advanced_twice_at_once(
        self, alarm: AlarmClock, rings: Rings, clock: Clock
    ) -> None:
        async def slowly(_: str) -> float | None:
            await clock.sleep(SHORT / 5)
            return clock.now()

        rings.does = slowly
        async with serving(alarm, rings):
            for _ in range(10):
                alarm.wake_now("a")
                alarm.wake_at("a", clock.now())
                await clock.sleep(SHORT / 7)
            await rings.rung("a", 3)
        assert rings.most == {"a": 1}

    async def test_no_alarm_is_lost_among_many(self, alarm: AlarmClock, rings: Rings, clock: Clock) -> None:
        """Every wake is followed by an advance that began after it."""
        woken: dict[str, float] = {}
        began: dict[str, float] = {}
        order = iter(range(10**6))

        async def briefly(id_: str) -> float | None:
            began[id_] = next(order)
            await clock.sleep(0)
            return None

        rings.does = briefly
        names = [f"r{number}" for number in range(20)]
        async with serving(alarm, rings):
            for turn in range(50):
                name = names[turn * 7 % len(names)]
                woken[name] = next(order)
                alarm.wake_now(name)
                await clock.sleep(0)
            async with asyncio.timeout(DEADLINE):
                while any(began.get(name, -1) < at for name, at in woken.items()):
                    await clock.sleep(SHORT / 10)

    async def test_one_that_is_cancelled_within_is_rung_again(self, alarm: AlarmClock, rings: Rings) -> None:
        """As when `advance` awaits a task of its own that somebody cancelled."""

        async def cancelled(id_: str) -> float | None:
            if rings.count(id_) == 1:
                raise asyncio.CancelledError
            return None

        rings.does = cancelled
        async with serving(alarm, rings):
            alarm.wake_now("a")
            await rings.rung("a", 2)

    async def test_when_it_is_cancelled_nothing_goes_on(
        self, alarm: AlarmClock, rings: Rings, clock: Clock
    ) -> None:
        ended = asyncio.Event()

        async def for_ever(_: str) -> float | None:
            try:
                await clock.sleep(3600)
            finally:
                ended.set()
            return None

        rings.does = for_ever
        async with serving(alarm, rings):
            alarm.wake_now("a")
            alarm.wake_at("b", clock.now() + 3600)
            await rings.rung("a")
        assert ended.is_set()
        assert rings.running.total() == 0


@asynccontextmanager
async def serving(alarm: AlarmClock, advance: Advance) -> AsyncIterator[None]:
    """The alarm clock runs meanwhile."""
    running = asyncio.create_task(alarm.run(advance))
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
