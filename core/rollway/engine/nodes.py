"""Plugins at work on this node: made once, opened before they are used, closed with the daemon."""

import asyncio
import contextvars
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from structlog.contextvars import bind_contextvars

from rollway.plugin.kinds import Monitor, Node, Router, Target
from rollway.plugin.registry import Registry
from rollway.plugin.secrets import Secrets

log = logging.getLogger(__name__)

Plugin = TypeVar("Plugin", Target, Router)


class PluginsAtWork:
    """Targets and routers by name, each with a folder of its own under the node's."""

    def __init__(self, registry: Registry, folder: Path, node: str, secrets: Secrets | None = None) -> None:
        self.registry = registry
        self._folder = folder.resolve()
        self.node = node
        self._secrets = secrets or Secrets()
        self._targets: dict[str, Target] = {}
        self._routers: dict[str, Router] = {}
        self._open: dict[str, Target | Router] = {}
        self._opening = asyncio.Lock()

    async def leave_node(self) -> None:
        """Another daemon of this node drives its things from now on: close those plugins, and open them anew if need be."""
        async with self._opening:
            for kind, plugins in (("target", self._targets), ("router", self._routers)):
                for name in [name for name in plugins if self.registry.is_local(kind, name)]:
                    del plugins[name]  # first: whoever asks meanwhile waits, and gets a new one
                    await self._close(self._open.pop(f"{kind} {name}", None))

    async def target(self, name: str) -> Target:
        """A target, opened. Raises PluginError; the next call tries again."""
        return await self._opened(f"target {name}", lambda: self._unopened_target(name))

    def _unopened_target(self, name: str) -> Target:
        if name not in self._targets:
            self._targets[name] = self.registry.target(name).factory(self._own(name))
        return self._targets[name]

    async def router(self, name: str) -> Router:
        """A router, opened. Raises PluginError; the next call tries again."""
        return await self._opened(f"router {name}", lambda: self.unopened_router(name))

    def unopened_router(self, name: str) -> Router:
        """A router as it is, for the one act that needs nothing else to work. Raises PluginError."""
        if name not in self._routers:
            self._routers[name] = self.registry.router(name).factory(self._own(name))
        return self._routers[name]

    def routers(self) -> Mapping[str, Router]:
        """The routers in use."""
        return {name: router for name, router in self._routers.items() if f"router {name}" in self._open}

    async def _opened(self, key: str, known: Callable[[], Plugin]) -> Plugin:
        """One that is being closed is not the one that is opened, whoever asked first."""
        if key not in self._open:
            async with self._opening:
                plugin = known()
                if key not in self._open:
                    await self._begin(key.partition(" ")[2], plugin)
                    self._open[key] = plugin
        return known()

    async def _begin(self, name: str, plugin: Target | Router) -> None:
        """In a context of its own: what the plugin goes on to do and to log belongs to no rollout, but to the node."""
        context = contextvars.Context()
        context.run(bind_contextvars, plugin=name)
        await asyncio.create_task(plugin.open(), name=f"opening {name}", context=context)

    def is_open(self, kind: str, name: str) -> bool:
        """Whether this plugin is in use; `kind` is target or router."""
        return f"{kind} {name}" in self._open

    def monitor(self, name: str, settings: Mapping[str, object]) -> Monitor:
        """A monitor for one rollout. Raises PluginError."""
        return self.registry.monitor(name).factory(settings)

    async def close(self) -> None:
        """The daemon ends."""
        for plugin in self._open.values():
            await self._close(plugin)

    async def _close(self, plugin: Target | Router | None) -> None:
        try:
            if plugin is not None:
                await plugin.close()
        except Exception:  # the plugin boundary: one that cannot close keeps no other from it
            log.exception("a plugin could not be closed")

    def _own(self, name: str) -> Node:
        folder = self._folder / name
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Node(self.node, folder, self._secrets)
