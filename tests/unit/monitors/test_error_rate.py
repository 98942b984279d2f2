"""The monitor error-rate: its settings, and the judge they name."""

import pytest
from pydantic import ValidationError

from rollway.api import (
    CANARY,
    STABLE,
    Comparison,
    Counts,
    GroupCounters,
    Limit,
    LimitedMonitor,
    PacedMonitor,
    Reading,
    Tick,
)
from rollway_monitors.error_rate import ErrorRateSettings, error_rate


@pytest.mark.parametrize(
    ("settings", "specification"),
    [
        ({}, Comparison(tolerance=0.002, ratio=1.0, margin=None)),
        ({"tolerance": "1%"}, Comparison(tolerance=0.01)),
        ({"tolerance": "0%"}, Comparison(tolerance=0.0)),
        ({"margin": "3%"}, Comparison(margin=0.03)),
        ({"margin": "auto"}, Comparison(margin=None)),
    ],
)
def test_settings_name_the_judge(settings: dict[str, object], specification: Comparison) -> None:
    assert error_rate.factory(settings).specification == specification


@pytest.mark.parametrize(
    "settings",
    [
        {"tolerance": "120%"},
        {"tolerance": "-1%"},
        {"margin": "automatic"},
        {"tolerence": "1%"},
        {"tolerance": None},
        {"max": "0%"},
        {"max": "100%"},
        {"max": "few"},
    ],
)
def test_what_is_not_a_share_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ErrorRateSettings.model_validate(settings)


def test_max_is_a_second_test_beside_the_comparison() -> None:
    monitor = error_rate.factory({"tolerance": "1%", "max": "5%"})
    assert monitor.specification == Comparison(tolerance=0.01)
    assert isinstance(monitor, LimitedMonitor)
    assert monitor.limit == Limit(0.05)
    assert error_rate.factory({}).limit is None  # type: ignore[attr-defined]


def test_it_goes_with_the_readings_of_the_router() -> None:
    assert not isinstance(error_rate.factory({}), PacedMonitor)


async def test_it_reads_the_counters_of_both_groups() -> None:
    counters: dict[str, GroupCounters] = {CANARY: GroupCounters(10, 1), STABLE: GroupCounters(90, 2)}
    reading = await error_rate.factory({}).sample(Tick(counters))
    assert reading == Reading.of(Counts(10, 1), Counts(90, 2))


async def test_a_tick_that_could_not_be_read_is_none() -> None:
    assert await error_rate.factory({}).sample(Tick(None)) is None
