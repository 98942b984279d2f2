"""Plugins at work on this node: made once, opened before they are used, closed with the daemon."""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path

from rollway.plugin.kinds import Monitor, Node, Router, Target
from rollway.plugin.registry import Registry

log = logging.getLogger(__name__)


class PluginsAtWork:
    """Targets and routers by name, each with a folder of its own under the node's."""

    def __init__(self, registry: Registry, folder: Path, node: str) -> None:
        self.registry = registry
        self._folder = folder.resolve()
        self._node = node
        self._targets: dict[str, Target] = {}
        self._routers: dict[str, Router] = {}
        self._opening = asyncio.Lock()

    async def target(self, name: str) -> Target:
        """A target, opened. Raises PluginError."""
        async with self._opening:
            if name not in self._targets:
                target = self.registry.target(name).factory(self._own(name))
                await target.open()
                self._targets[name] = target
        return self._targets[name]

    async def router(self, name: str) -> Router:
        """A router, opened. Raises PluginError."""
        if name in self._routers:
            return self._routers[name]
        async with self._opening:
            if name not in self._routers:
                router = self.registry.router(name).factory(self._own(name))
                await router.open()
                self._routers[name] = router
        return self._routers[name]

    def routers(self) -> Mapping[str, Router]:
        """The routers in use."""
        return self._routers

    def monitor(self, name: str, settings: Mapping[str, object]) -> Monitor:
        """A monitor for one rollout. Raises PluginError."""
        return self.registry.monitor(name).factory(settings)

    async def close(self) -> None:
        """The daemon ends."""
        opened: list[Target | Router] = [*self._targets.values(), *self._routers.values()]
        for plugin in opened:
            try:
                await plugin.close()
            except Exception:  # the plugin boundary: one that cannot close keeps no other from it
                log.exception("a plugin could not be closed")

    def _own(self, name: str) -> Node:
        folder = self._folder / name
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Node(self._node, folder)
