"""The monitor `http`: a page of each new instance, asked for directly, as a visitor would from outside."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from rollway.api import Descriptor, Duration, Monitor, MonitorDescriptor, hookimpl

Status = Annotated[int, Field(ge=100, le=599)]


class HttpSettings(BaseModel):
    """Settings of the monitor `http`."""

    model_config = ConfigDict(extra="forbid")

    path: str = Field(default="/", pattern=r"^/\S*$", max_length=2000, description="what is asked for")
    expect: Status | list[Status] | None = Field(
        default=None,
        description="the status, or statuses, of a right answer; without it any from 200 to 399. "
        "A redirect is an answer and is not followed",
    )
    contains: str | None = Field(
        default=None, min_length=1, max_length=10_000, description="text of a right answer"
    )
    timeout: Annotated[Duration, Field(gt=0)] = Field(
        default=1.0, description="the whole answer is there by then, or it is wrong"
    )
    interval: Annotated[Duration, Field(ge=0.25)] = Field(
        default=1.0, description="each instance is asked so often"
    )

    @model_validator(mode="after")
    def _one_at_a_time(self) -> Self:
        if self.timeout > self.interval:
            raise ValueError(
                "timeout: at most the interval, so that an answer is there before the next is asked for"
            )
        return self


def _make(settings: Mapping[str, object]) -> Monitor:
    from rollway_monitors.pages import Pages

    return Pages(HttpSettings.model_validate(settings))


http: MonitorDescriptor = Descriptor(
    name="http",
    settings=HttpSettings,
    factory=_make,
    summary="a page of each instance of the canary, asked for directly",
)


@hookimpl
def rollway_monitors() -> Sequence[MonitorDescriptor]:
    """The monitors of this module."""
    return [http]
