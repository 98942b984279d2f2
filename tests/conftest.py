"""What all tests share: suites of the test kit explain their failures, and `virtual_time` gives a loop that never waits."""

import asyncio
import os
import signal
from collections.abc import Callable, Generator, Mapping

import pytest

pytest.register_assert_rewrite("rollway.testing.contracts")

from rollway.testing.clock import VirtualTimeLoop  # noqa: E402 - after the registration, before any suite

CANNOT = "this machine cannot: "
"""How the reason of an honest skip begins: what is missing can neither be installed nor be had by being root."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "virtual_time: run on a loop whose time passes only when all wait")
    # Whoever runs the tests in the background may have these ignored, which every child would inherit.
    for number, default in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, default)


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    if item.get_closest_marker("virtual_time"):
        return {"virtual": VirtualTimeLoop}
    return {"real": asyncio.new_event_loop}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skip of what CI could run is a failure."""
    report = yield
    if report.skipped and "CI" in os.environ and not hasattr(report, "wasxfail"):
        reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if CANNOT not in reason:
            report.outcome = "failed"
            report.longrepr = f"skipped in CI, though CI can run it: {reason}"
    return report
