"""Every monitor keeps to the same contract: the real ones and the one that says what it is told."""

import pytest

from rollway.api import Monitor
from rollway.evidence.counts import Value
from rollway.evidence.specification import Scalar
from rollway.testing.contracts.monitor import CountingMonitorContract, MonitorContract
from rollway.testing.fake_monitor import FakeMonitor
from rollway_monitors.error_rate import error_rate
from rollway_monitors.http import http


class TestErrorRate(CountingMonitorContract):
    @pytest.fixture(
        params=[{}, {"tolerance": "1%"}, {"margin": "3%"}, {"max": "5%"}],
        ids=["plain", "tolerant", "margin", "limited"],
    )
    def monitor(self, request: pytest.FixtureRequest) -> Monitor:
        return error_rate.factory(request.param)


class TestHttp(MonitorContract):
    @pytest.fixture
    def monitor(self) -> Monitor:
        return http.factory({"path": "/healthz", "contains": "well"})


class TestFakeMonitor(CountingMonitorContract):
    @pytest.fixture
    def monitor(self) -> Monitor:
        return FakeMonitor()


class TestFakeScalarMonitor(MonitorContract):
    @pytest.fixture
    def monitor(self) -> Monitor:
        monitor = FakeMonitor(Scalar("<", 0.8, times_stable=True))
        monitor.says([None, Value(1.0, 1.0), Value(float("nan")), Value(0.5, 1.0)])
        return monitor
