"""The strategy `all-at-once`: the new release beside the old one, then all traffic, held while the monitors watch."""

from collections.abc import Iterator, Mapping, Sequence

from pydantic import BaseModel, ConfigDict, Field

from rollway.api import (
    CANARY,
    STABLE,
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
    hookimpl,
)


class AllAtOnceSettings(BaseModel):
    """Settings of the strategy `all-at-once`."""

    model_config = ConfigDict(extra="forbid")

    hold: Duration = Field(
        default=60.0,
        description="the monitors watch all traffic for at least this long; the old release stays warm",
    )


class AllAtOnce:
    """Compiles to one switch: everything is provisioned and seen healthy before the first request moves."""

    def plan(self, settings: Mapping[str, object], context: PlanContext) -> Plan:
        """The plan for these settings; see `rollway.api.Strategy`."""
        return Plan(tuple(_steps(AllAtOnceSettings.model_validate(settings).hold, context)))


def _steps(hold: float, context: PlanContext) -> Iterator[Step]:
    noun = "instance" if context.instances == 1 else "instances"
    yield Step(
        f"run {context.instances} {noun} of the new release", Provision(group=CANARY, size=context.instances)
    )
    yield Step("wait until healthy", Verify(group=CANARY, deadline=context.verify_deadline))
    yield Step("send all traffic to the new release", Shift(split=Split.all_to(CANARY)))
    if hold > 0:
        yield Step(f"watch all traffic for {hold:g} s", Observe(duration=hold, monitors=context.monitors))
    yield Step("make it stable", Promote(group=CANARY))
    yield Step("retire the old release", Retire(group=STABLE, after=context.drain))


all_at_once: StrategyDescriptor = Descriptor(
    name="all-at-once",
    settings=AllAtOnceSettings,
    factory=AllAtOnce,
    summary="all traffic in one switch, taken back while the old release is still warm",
)


@hookimpl
def rollway_strategies() -> Sequence[StrategyDescriptor]:
    """The strategies of this module."""
    return [all_at_once]
