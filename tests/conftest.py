"""What all tests share: suites of the test kit explain their failures, and `virtual_time` gives a loop that never waits."""

import asyncio
from collections.abc import Callable, Mapping

import pytest

pytest.register_assert_rewrite("rollway.testing.contracts")

from rollway.testing.clock import VirtualTimeLoop  # noqa: E402 - after the registration, before any suite


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "virtual_time: run on a loop whose time passes only when all wait")


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    if item.get_closest_marker("virtual_time"):
        return {"virtual": VirtualTimeLoop}
    return {"real": asyncio.new_event_loop}
