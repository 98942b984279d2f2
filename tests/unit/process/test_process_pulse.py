from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollway.api import Health
from rollway_plugins.process.pulse import Pulse, beat, detail, pause
from rollway_plugins.process.settings import HealthSettings

SETTINGS = HealthSettings(interval=1.0, healthy_after=2, unhealthy_after=3)


def after(checks: str, before: Pulse | None = None) -> Pulse:
    """Each character is a check: `+` passed, `-` failed."""
    troubles = ["" if check == "+" else "GET / answered 503" for check in checks]
    return reduce(lambda pulse, trouble: beat(pulse, trouble, SETTINGS), troubles, before or Pulse())


@pytest.mark.parametrize(
    ("checks", "health"),
    [
        ("", Health.STARTING),
        ("+", Health.STARTING),
        ("++", Health.HEALTHY),
        ("+-+-+-", Health.STARTING),
        ("------", Health.STARTING),
        ("++--", Health.HEALTHY),
        ("++--+--", Health.HEALTHY),
        ("++---", Health.UNHEALTHY),
        ("++---+", Health.UNHEALTHY),
        ("++---+-+", Health.UNHEALTHY),
        ("++---++", Health.HEALTHY),
    ],
)
def test_so_many_in_a_row(checks: str, health: Health) -> None:
    assert after(checks).health is health


@given(st.text(alphabet="+-"))
def test_what_was_healthy_once_is_never_starting_again(checks: str) -> None:
    assert after(checks, Pulse(Health.HEALTHY)).health in (Health.HEALTHY, Health.UNHEALTHY)


@given(st.text(alphabet="+-"))
def test_whoever_is_not_healthy_has_a_reason_and_the_healthy_has_none(checks: str) -> None:
    pulse = after(checks)
    assert bool(detail(pulse, SETTINGS)) is (pulse.health is not Health.HEALTHY)


def test_the_reason_is_the_last_trouble() -> None:
    assert detail(after("-"), SETTINGS) == "GET / answered 503"
    assert detail(after("-+"), SETTINGS) == "1 of 2 checks in a row passed"


@given(st.text(alphabet="+-", max_size=200))
def test_the_pause_is_at_most_the_interval(checks: str) -> None:
    assert 0 < pause(after(checks), SETTINGS) <= SETTINGS.interval


def test_a_new_instance_is_looked_at_sooner_until_it_answers() -> None:
    assert pause(Pulse(), SETTINGS) < pause(after("---"), SETTINGS) < SETTINGS.interval
    assert pause(after("-" * 50), SETTINGS) == pause(after("+"), SETTINGS) == SETTINGS.interval
