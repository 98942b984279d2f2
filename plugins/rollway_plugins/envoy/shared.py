"""The two files that all environments of a node share: which listeners and which clusters there are."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from rollway.api import PluginError, Token
from rollway_plugins.envoy import documents, files
from rollway_plugins.envoy.bootstrap import Document
from rollway_plugins.envoy.files import NodeFiles

Change = Callable[[Sequence[Document]], Sequence[Document]]
"""From an environment's resources to what they become."""


class SharedFiles:
    """Changes one environment's part and leaves every other as it stands."""

    def __init__(self, node: NodeFiles) -> None:
        self._node = node

    async def listeners(
        self, environment: str, change: Change, token: Token | None = None
    ) -> Sequence[Document]:
        """Change the environment's listeners; returns what they were. Raises PluginError, StaleToken."""
        return await asyncio.to_thread(
            self._edit, self._node.listeners, documents.listener_file, environment, change, token
        )

    async def clusters(
        self, environment: str, change: Change, token: Token | None = None
    ) -> Sequence[Document]:
        """Change the environment's clusters; returns what they were. Raises PluginError, StaleToken."""
        return await asyncio.to_thread(
            self._edit, self._node.clusters, documents.cluster_file, environment, change, token
        )

    async def restore(
        self,
        environment: str,
        clusters: Sequence[Document] | None,
        listeners: Sequence[Document] | None,
        token: Token,
    ) -> None:
        """Put back what they were, as far as the disk allows; None was not changed."""
        with contextlib.suppress(PluginError):
            if listeners is not None:
                await self.listeners(environment, lambda _: listeners, token)
            if clusters is not None:
                await self.clusters(environment, lambda _: clusters, token)

    def _edit(
        self,
        path: Path,
        write: Callable[[Iterable[Document]], Document],
        environment: str,
        change: Change,
        token: Token | None,
    ) -> Sequence[Document]:
        with files.locked(self._node.lock):
            if token is not None:
                self._node.environment(environment).confirm(token)
            everything = [
                {key: value for key, value in one.items() if key != "@type"} for one in files.resources(path)
            ]
            mine = [one for one in everything if documents.owner(one) == environment]
            others = [one for one in everything if documents.owner(one) != environment]
            files.save(path, write([*others, *change(mine)]), self._node.room)
            return mine


def names(resources: Iterable[Document]) -> frozenset[str]:
    """Their names."""
    return frozenset(str(one["name"]) for one in resources)


def offering(more: Sequence[Document], renewing: frozenset[str] = frozenset()) -> Change:
    """Adds what is not there yet, and tells anew only those in `renewing`.

    A listener told anew ends its connections, a cluster told anew forgets what it has counted.
    """
    offered = {str(one["name"]): one for one in more}
    renewed = {name: one for name, one in offered.items() if name in renewing}
    return lambda mine: [
        *(renewed.get(str(one["name"]), one) for one in mine),
        *(one for name, one in offered.items() if name not in names(mine)),
    ]


def keeping(stay: frozenset[str]) -> Change:
    """Leaves only these."""
    return lambda mine: [one for one in mine if one["name"] in stay]
