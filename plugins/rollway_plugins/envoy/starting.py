"""An Envoy on its way from a command to one that serves."""

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

from rollway.api import Node, PluginError
from rollway_plugins.envoy import ending, files, launch, sockets
from rollway_plugins.envoy.admin import Admin
from rollway_plugins.envoy.current import Current
from rollway_plugins.envoy.documents import cluster_file, listener_file
from rollway_plugins.envoy.ending import alive
from rollway_plugins.envoy.identity import Identity, boot_id, found
from rollway_plugins.envoy.launch import Launch
from rollway_plugins.envoy.said import Said

log = logging.getLogger(__name__)

DEADLINE = 15.0
LISTEN_ATTEMPTS, LISTEN_PAUSE = 10, 0.2
LOOK = 0.01


class Starting:
    """Starts the Envoys of one node's folder; one that serves becomes the current."""

    def __init__(self, node: Node, current: Current, said: Said) -> None:
        self._node = node
        self._folder = node.folder.absolute()
        self._current = current
        self._said = said

    def launch(self, epoch: int) -> Launch:
        """What the one of this epoch is started with. Blocks. Raises PluginError."""
        return Launch(launch.binary(), self._node.name, self._folder, sockets.place(self._folder), epoch)

    async def start(self) -> None:
        """Start the first of a succession; whatever else there is of this folder ends. Raises PluginError."""
        await ending.end(await asyncio.to_thread(found, self._folder))
        first = await asyncio.to_thread(self.launch, 0)
        await self.bring_up(first)
        await asyncio.to_thread(sockets.forget, self._folder, first.document_path)

    async def bring_up(self, what: Launch) -> None:
        """Start one, wait until it serves, and take it for ours from then on. Raises PluginError."""
        what.write()
        node = files.NodeFiles(self._folder)
        for path, empty in ((node.listeners, listener_file([])), (node.clusters, cluster_file([]))):
            if not path.exists():  # Envoy refuses to start where one is missing.
                files.save(path, empty)
        offset = self._said.size
        identity = _just_started(what, await asyncio.to_thread(what.spawn, self._said.path))
        if what.epoch == 0:
            self._current.become(identity)
        await self._until_ready(identity, offset)
        self._current.become(identity)
        await self._until_listening()

    async def _until_ready(self, one: Identity, offset: int) -> None:
        admin = Admin(Path(one.admin))
        try:
            async with asyncio.timeout(DEADLINE):
                while not await admin.ready():
                    if not alive(one):
                        said = self._said.complaint(offset)
                        raise PluginError(f"Envoy ended as soon as it was started: {said}")
                    await asyncio.sleep(LOOK)
        except TimeoutError:
            said = self._said.complaint(offset)
            raise PluginError(f"Envoy is not ready after {DEADLINE:g} s: {said}") from None
        finally:
            await admin.close()

    async def _until_listening(self) -> None:
        """Have listeners tried again that could not be opened, because the former Envoy took its time to let go.

        Envoy itself tries each listener once. One whose port was taken by another program is left to an operator.
        """
        trouble: Mapping[str, str] = {}
        node = files.NodeFiles(self._folder)
        for _ in range(LISTEN_ATTEMPTS):
            listeners = await self._current.admin.listeners()
            trouble = {name: wrong for name, wrong in listeners.items() if wrong}
            if not trouble:
                return
            await asyncio.sleep(LISTEN_PAUSE)
            await asyncio.to_thread(files.renew, node.listeners, node.lock)
        log.error("Envoy cannot listen: %s", "; ".join(trouble.values()))


async def can_be_asked(one: Identity) -> bool:
    """Whether it has an admin, waited for while it is young."""
    admin = Admin(Path(one.admin))
    try:
        while alive(one):
            if await admin.answers():
                return True
            if time.time() - one.started > DEADLINE:
                return not await admin.deaf()
            await asyncio.sleep(LOOK)
        return False
    finally:
        await admin.close()


def _just_started(what: Launch, pid: int) -> Identity:
    """Itself, even if it has ended already."""
    started = 0.0
    with contextlib.suppress(psutil.Error):
        started = psutil.Process(pid).create_time()
    epoch = what.epoch if os.access(launch.SHARED_MEMORY, os.W_OK) else None
    return Identity(pid, started, boot_id(), str(what.admin), epoch, what.recipe)
