"""The hooks. Each returns descriptors; pluggy is for registration only, the work goes through typed objects."""

from collections.abc import Sequence

import pluggy

from rollway.plugin.descriptor import (
    MonitorDescriptor,
    RouterDescriptor,
    StrategyDescriptor,
    TargetDescriptor,
)

hookspec = pluggy.HookspecMarker("rollway")
hookimpl = pluggy.HookimplMarker("rollway")


@hookspec
def rollway_targets() -> Sequence[TargetDescriptor]:  # type: ignore[empty-body]
    """Where instances run."""


@hookspec
def rollway_routers() -> Sequence[RouterDescriptor]:  # type: ignore[empty-body]
    """What shares out requests."""


@hookspec
def rollway_strategies() -> Sequence[StrategyDescriptor]:  # type: ignore[empty-body]
    """How a release goes out: pure planners."""


@hookspec
def rollway_monitors() -> Sequence[MonitorDescriptor]:  # type: ignore[empty-body]
    """What is watched while it goes out."""
