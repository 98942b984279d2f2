"""The monitor `error-rate`: the canary's failed requests against stable's, from the router's own counters."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from rollway.api import (
    CANARY,
    STABLE,
    Comparison,
    Counts,
    Descriptor,
    GroupCounters,
    Limit,
    MonitorDescriptor,
    Reading,
    Share,
    Tick,
    hookimpl,
)


class ErrorRateSettings(BaseModel):
    """Settings of the monitor `error-rate`."""

    model_config = ConfigDict(extra="forbid")

    tolerance: Share = Field(
        default=0.002, description="percentage points by which the canary may fail more often than stable"
    )
    margin: Literal["auto"] | Share = Field(
        default="auto", description="percentage points beyond the tolerance that a step must rule out to pass"
    )
    max: Annotated[Share, Field(gt=0, lt=1)] | None = Field(
        default=None,
        description="a second test beside the comparison: the canary may fail this share of requests, whatever stable does",
    )


class ErrorRate:
    """Reads the counters of both groups; the core's comparison judges them, and its limit where there is a `max`."""

    def __init__(self, settings: ErrorRateSettings) -> None:
        margin = None if isinstance(settings.margin, str) else settings.margin
        self.specification = Comparison(tolerance=settings.tolerance, margin=margin)
        self.limit = None if settings.max is None else Limit(settings.max)

    async def sample(self, tick: Tick) -> Reading | None:
        """The counters of this tick; None where they could not be read."""
        if tick.counters is None:
            return None
        return Reading.of(_counts(tick.counters.get(CANARY)), _counts(tick.counters.get(STABLE)))


def _counts(counters: GroupCounters | None) -> Counts:
    return Counts(counters.requests, counters.bad) if counters else Counts()


def _make(settings: Mapping[str, object]) -> ErrorRate:
    return ErrorRate(ErrorRateSettings.model_validate(settings))


error_rate: MonitorDescriptor = Descriptor(
    name="error-rate",
    settings=ErrorRateSettings,
    factory=_make,
    summary="failed requests of the canary against stable's, from the router's counters",
)


@hookimpl
def rollway_monitors() -> Sequence[MonitorDescriptor]:
    """The monitors of this module."""
    return [error_rate]
