"""What was loaded, typed by kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from rollway.errors import PluginError
from rollway.plugin.descriptor import (
    Descriptor,
    MonitorDescriptor,
    RouterDescriptor,
    StrategyDescriptor,
    TargetDescriptor,
)

HOOKS: Mapping[str, str] = {
    "target": "rollway_targets",
    "router": "rollway_routers",
    "strategy": "rollway_strategies",
    "monitor": "rollway_monitors",
}
"""The hook that gives the descriptors of each kind."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a plugin comes from: the entry point's name, the distribution and its version."""

    entry_point: str
    distribution: str
    version: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """A descriptor, its kind and its origin."""

    kind: str
    descriptor: Descriptor[Any]
    origin: Origin


@dataclass(frozen=True, slots=True)
class Broken:
    """An entry point that gave nothing, and why."""

    origin: Origin
    problem: str


@dataclass(frozen=True, slots=True)
class Registry:
    """All plugins by kind and name; also what could not be loaded, and why."""

    loaded: Mapping[tuple[str, str], Loaded] = field(default_factory=dict)
    broken: tuple[Broken, ...] = ()

    def names(self, kind: str) -> Sequence[str]:
        """The names that may stand behind `use:` for this kind."""
        return sorted(name for found, name in self.loaded if found == kind)

    def settings_model(self, kind: str, name: str) -> type[BaseModel] | None:
        """The model that checks a plugin's settings; None for a name nobody has.

        Raises PluginError for a plugin that is installed but could not be loaded.
        """
        found = self.loaded.get((kind, name))
        if found is None:
            self._refuse_broken(name)
            return None
        return found.descriptor.settings

    def is_local(self, kind: str, name: str) -> bool:
        """Whether this plugin's work lies on the machine of its daemon."""
        loaded = self.loaded.get((kind, name))
        return loaded is not None and loaded.descriptor.local

    def target(self, name: str) -> TargetDescriptor:
        """A target by name. Raises PluginError."""
        return self._named("target", name)

    def router(self, name: str) -> RouterDescriptor:
        """A router by name. Raises PluginError."""
        return self._named("router", name)

    def strategy(self, name: str) -> StrategyDescriptor:
        """A strategy by name. Raises PluginError."""
        return self._named("strategy", name)

    def monitor(self, name: str) -> MonitorDescriptor:
        """A monitor by name. Raises PluginError."""
        return self._named("monitor", name)

    def _named(self, kind: str, name: str) -> Descriptor[Any]:
        found = self.loaded.get((kind, name))
        if found is None:
            self._refuse_broken(name)
            known = ", ".join(self.names(kind)) or "none"
            raise PluginError(f"there is no {kind} named {name!r}; loaded: {known}")
        return found.descriptor

    def _refuse_broken(self, name: str) -> None:
        for each in self.broken:
            if each.origin.entry_point == name:
                raise PluginError(
                    f"plugin {name!r} of {each.origin.distribution} cannot be used: {each.problem}"
                )
