"""The strategy `canary`: a small share of traffic first, then more, each held while the monitors watch."""

from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from rollway.api import (
    CANARY,
    STABLE,
    WHOLE,
    Descriptor,
    Duration,
    Observe,
    Plan,
    PlanContext,
    Promote,
    Provision,
    Retire,
    Shift,
    Split,
    Step,
    StrategyDescriptor,
    Verify,
    Weight,
    hookimpl,
)


class CanaryStep(BaseModel):
    """One entry of `steps`: send `weight` of the requests to the new release, then `hold` while monitors watch."""

    model_config = ConfigDict(extra="forbid")

    weight: Weight | None = Field(
        default=None, description="share of requests for the new release, in percent; left out, it stays"
    )
    hold: Duration = Field(default=0.0, description="the monitors watch for at least this long")


class CanarySettings(BaseModel):
    """Settings of the strategy `canary`."""

    model_config = ConfigDict(extra="forbid")

    steps: list[CanaryStep] = Field(min_length=1, description="what happens, in order")

    @model_validator(mode="after")
    def _nothing_is_watched_without_traffic(self) -> Self:
        first = next((step for step in self.steps if step.weight or step.hold), None)
        if first is not None and not first.weight:
            raise ValueError(
                "a hold before the first weight: there is no traffic to watch yet; give it a weight"
            )
        return self


class Canary:
    """Compiles canary settings into a plan: provision as much as a weight needs, verify, shift, observe; then all."""

    def plan(self, settings: Mapping[str, object], context: PlanContext) -> Plan:
        """The plan for these settings; see `rollway.api.Strategy`."""
        wanted = CanarySettings.model_validate(settings)
        return Plan(tuple(_steps(wanted.steps, context)), tuple(_warnings(wanted.steps)))


def _steps(entries: Sequence[CanaryStep], context: PlanContext) -> Iterator[Step]:
    size = weight = 0
    for source, entry in enumerate(entries, 1):
        if entry.weight is not None and entry.weight != weight:
            weight = entry.weight
            needed = max(size, _instances(weight, context.instances))
            yield from _grown(size, needed, source, context)
            size = needed
            yield _shift(weight, source)
        if entry.hold > 0:
            watching = Observe(duration=entry.hold, monitors=context.monitors)
            yield Step(f"watch at {_percent(weight)} for {entry.hold:g} s", watching, source)
    yield from _grown(size, context.instances, None, context)
    if weight < WHOLE:
        yield _shift(WHOLE, None)
    yield Step("make it stable", Promote(group=CANARY))
    yield Step("retire the old release", Retire(group=STABLE, after=context.drain))


def _grown(size: int, needed: int, source: int | None, context: PlanContext) -> Iterator[Step]:
    if needed <= size:
        return
    noun = "instance" if needed == 1 else "instances"
    yield Step(f"run {needed} {noun} of the new release", Provision(group=CANARY, size=needed), source)
    yield Step("wait until healthy", Verify(group=CANARY, deadline=context.verify_deadline), source)


def _instances(weight: int, full: int) -> int:
    """As many as the share of traffic needs, at least one."""
    return max(1, ceil(full * weight / WHOLE))


def _shift(weight: int, source: int | None) -> Step:
    split = Split({STABLE: WHOLE - weight, CANARY: weight})
    return Step(f"send {_percent(weight)} to the new release", Shift(split=split), source)


def _percent(weight: int) -> str:
    return f"{weight / 100:g}%"


def _warnings(entries: Sequence[CanaryStep]) -> Iterator[str]:
    unheld = [str(i) for i, entry in enumerate(entries, 1) if entry.hold == 0]
    if unheld:
        yield f"strategy.steps {', '.join(unheld)}: no hold, so nothing is watched there before it goes on"


canary: StrategyDescriptor = Descriptor(
    name="canary",
    settings=CanarySettings,
    factory=Canary,
    summary="a little traffic first, then more, while monitors watch",
)


@hookimpl
def rollway_strategies() -> Sequence[StrategyDescriptor]:
    """The strategies of this module."""
    return [canary]
