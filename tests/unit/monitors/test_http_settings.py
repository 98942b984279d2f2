"""The monitor http: its settings, and the judge they name. What it finds is tested with real servers."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from rollway.api import PacedMonitor, Scalar, Tick
from rollway_monitors.http import HttpSettings, http


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"path": "/checkout?step=1", "expect": 200, "contains": "basket"},
        {"expect": [200, 204, 302]},
        {"interval": "10s", "timeout": "10s"},
    ],
)
def test_an_interval_in_which_any_instance_fails_counts_against_the_release(
    settings: dict[str, object],
) -> None:
    assert http.factory(settings).specification == Scalar(">=", 1.0)


def test_it_has_a_pace_of_its_own() -> None:
    monitor = http.factory({"interval": "5s"})
    assert isinstance(monitor, PacedMonitor)
    assert monitor.interval == 5.0


@pytest.mark.parametrize(
    "settings",
    [
        {"path": "checkout"},
        {"path": "/a b"},
        {"path": "/" + "x" * 2_000},
        {"expect": 99},
        {"expect": "fine"},
        {"contains": ""},
        {"timeout": "2s", "interval": "1s"},
        {"timeout": "0s"},
        {"interval": "100ms"},
        {"url": "http://example.com"},
    ],
)
def test_what_cannot_be_asked_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        HttpSettings.model_validate(settings)


async def test_without_an_instance_there_is_no_measurement() -> None:
    assert await http.factory({}).sample(Tick({})) is None


def test_it_is_listed_without_importing_what_costs() -> None:
    program = "import sys, rollway_monitors.http; assert not {'httpx', 'asyncio'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", program], check=True)
