"""The real clock and the virtual one are clocks alike; the alarm clock in memory goes by either."""

import pytest

from rollway.engine.alarm import MemoryAlarmClock
from rollway.engine.ports import AlarmClock, Clock
from rollway.engine.system import SystemClock
from rollway.testing.clock import VirtualClock
from rollway.testing.contracts.clock import AlarmClockContract, ClockContract


class TestSystemClock(ClockContract):
    @pytest.fixture
    def clock(self) -> Clock:
        return SystemClock()


@pytest.mark.virtual_time
class TestVirtualClock(ClockContract):
    @pytest.fixture
    def clock(self) -> Clock:
        return VirtualClock()


class TestMemoryAlarmClock(AlarmClockContract):
    @pytest.fixture
    def clock(self) -> Clock:
        return SystemClock()

    @pytest.fixture
    def alarm(self, clock: Clock) -> AlarmClock:
        return MemoryAlarmClock(clock)


@pytest.mark.virtual_time
class TestMemoryAlarmClockInVirtualTime(AlarmClockContract):
    @pytest.fixture
    def clock(self) -> Clock:
        return VirtualClock()

    @pytest.fixture
    def alarm(self, clock: Clock) -> AlarmClock:
        return MemoryAlarmClock(clock)
