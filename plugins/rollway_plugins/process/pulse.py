"""From single checks to health: so many in a row. Pure."""

from dataclasses import dataclass

from rollway.api import Health
from rollway_plugins.process.settings import HealthSettings

_FIRST_PAUSE = 0.05
_GROWTH = 1.5


@dataclass(frozen=True, slots=True)
class Pulse:
    """Health so far, the checks in a row that passed or failed, and the trouble of the last one that failed."""

    health: Health = Health.STARTING
    passes: int = 0
    failures: int = 0
    trouble: str = "not checked yet"


def beat(pulse: Pulse, trouble: str, settings: HealthSettings) -> Pulse:
    """The pulse after one more check; `trouble` is empty if it passed."""
    passes = 0 if trouble else pulse.passes + 1
    failures = pulse.failures + 1 if trouble else 0
    return Pulse(_health(pulse.health, passes, failures, settings), passes, failures, trouble)


def _health(before: Health, passes: int, failures: int, settings: HealthSettings) -> Health:
    if passes >= settings.healthy_after:
        return Health.HEALTHY
    if before is Health.HEALTHY and failures >= settings.unhealthy_after:
        return Health.UNHEALTHY
    return before


def detail(pulse: Pulse, settings: HealthSettings) -> str:
    """Why it is not healthy, for an operator."""
    if pulse.health is Health.HEALTHY:
        return ""
    if pulse.trouble:
        return pulse.trouble
    return f"{pulse.passes} of {settings.healthy_after} checks in a row passed"


def pause(pulse: Pulse, settings: HealthSettings) -> float:
    """Seconds until the next check: the interval, but shorter at first while a new instance has not answered yet."""
    if pulse.health is Health.STARTING and not pulse.passes:
        return min(settings.interval, _FIRST_PAUSE * _GROWTH ** min(pulse.failures, 50))
    return settings.interval
