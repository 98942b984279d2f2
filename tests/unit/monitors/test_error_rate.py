"""The monitor error-rate: its settings, and the judge they name."""

import pytest
from pydantic import ValidationError

from rollway.api import CANARY, STABLE, Comparison, Counts, GroupCounters, Reading, Tick
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
    ],
)
def test_what_is_not_a_share_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ErrorRateSettings.model_validate(settings)


async def test_it_reads_the_counters_of_both_groups() -> None:
    counters: dict[str, GroupCounters] = {CANARY: GroupCounters(10, 1), STABLE: GroupCounters(90, 2)}
    reading = await error_rate.factory({}).sample(Tick(counters))
    assert reading == Reading.of(Counts(10, 1), Counts(90, 2))


async def test_a_tick_that_could_not_be_read_is_none() -> None:
    assert await error_rate.factory({}).sample(Tick(None)) is None
