"""The step of a strategy that has steps: the shape is everyone's, so strategies share this model."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import ConfigDict, Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from rollway.config.commands import CommandLine
from rollway.config.context import Settings
from rollway.config.durations import Duration
from rollway.config.percentages import Weight

EMPTY_STEP: Final = "a step without any instruction; give it a weight and a hold, or remove it"


class Approve(Settings):
    """Wait for a person."""

    by: Annotated[tuple[str, ...], Field(min_length=1)]
    """Who may approve: names of people or groups."""
    timeout: Duration | None = None
    """How long to wait; without it, for ever."""
    on_timeout: Literal["rollback", "pause"] = "rollback"
    """What happens when nobody came: taken back, or kept waiting."""


class Observe(Settings):
    """Watch, and perhaps go on early."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True, validate_by_alias=True)

    for_: Annotated[Duration, Field(alias="for")]
    """How long at most."""
    until: Literal["evidence"] | None = None
    """`evidence`: end as soon as the monitors have enough."""
    min_requests: Annotated[int, Field(ge=0)] = 0
    """Requests that the new release must have had."""
    monitors: tuple[str, ...] | None = None
    """Only these monitors, by name; without it, all."""


class StepSettings(Settings):
    """One step; what is in it happens in the order of these fields."""

    weight: Weight | None = None
    """Percent of traffic for the new release."""
    scale: JsonValue | None = None
    """Instances of the new release."""
    route: JsonValue | None = None
    """Requests for the new release by header or cookie."""
    mirror: Weight | None = None
    """Copies of this percent of requests to the new release."""
    run: tuple[CommandLine, ...] | None = None
    """Commands to run."""
    hold: Duration | None = None
    """Watch at least this long."""
    observe: Observe | None = None
    """Watch, and perhaps go on early."""
    wait_for: JsonValue | None = None
    """Wait for an outside system."""
    approve: Approve | None = None
    """Wait for a person."""

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        given = {name for name in type(self).model_fields if getattr(self, name) is not None}
        if not given:
            raise PydanticCustomError("step", "{sentence}", {"sentence": EMPTY_STEP})
        if {"hold", "observe"} <= given:
            raise PydanticCustomError("step", "a step has hold or observe, not both")
        return self
