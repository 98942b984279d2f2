"""How a plugin introduces itself: one descriptor per plugin, given by its hook."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import BaseModel

from rollway.domain.findings import Finding
from rollway.plugin.kinds import Monitor, Node, Router, Strategy, Target

API_VERSION = 1
"""The version of this contract; a plugin made for another major version is reported and skipped."""

Factory = TypeVar("Factory", covariant=True)

Check = Callable[[Node, Sequence[BaseModel]], Awaitable[Sequence[Finding]]]
"""What a plugin finds on this machine, with the settings of its uses."""


@dataclass(frozen=True, slots=True)
class Descriptor(Generic[Factory]):
    """A plugin before anything is made of it: cheap, so that listing plugins imports little.

    `name` is what stands behind `use:`; `settings` checks what stands beside it; `capabilities` are what plans may ask
    of it; `factory` makes the thing itself and may import what costs. A target or router is `local` whose work lies on the
    machine of its daemon: only a daemon of that node drives an environment that uses it.

    Where they exist, the core reads by name: a target's `instances` and `health.deadline`, a router's `drain`.

    `check`, for `rollway doctor`, looks at what the plugin needs on this machine and changes nothing: it gets the node it
    would work on, whose folder may not be there yet, and the settings of each use (none where it is only installed).
    It finds nothing where nothing is to be said, and ends within seconds. It may raise PluginError.
    """

    name: str
    settings: type[BaseModel]
    factory: Factory
    capabilities: frozenset[str] = field(default_factory=frozenset)
    api_version: int = API_VERSION
    summary: str = ""
    local: bool = False
    check: Check | None = None


TargetDescriptor = Descriptor[Callable[[Node], Target]]
RouterDescriptor = Descriptor[Callable[[Node], Router]]
StrategyDescriptor = Descriptor[Callable[[], Strategy]]
MonitorDescriptor = Descriptor[Callable[[Mapping[str, object]], Monitor]]
