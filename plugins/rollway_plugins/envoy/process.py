"""The one Envoy of a node: started in its own session, found again, restarted when it dies, replaced by a newer one."""

import asyncio
import logging

from rollway.api import Node, PluginError
from rollway_plugins.envoy import ending, launch, sockets
from rollway_plugins.envoy.admin import Admin
from rollway_plugins.envoy.current import Current
from rollway_plugins.envoy.identity import found
from rollway_plugins.envoy.said import Said
from rollway_plugins.envoy.starting import Starting, can_be_asked
from rollway_plugins.envoy.succession import Succession
from rollway_plugins.rotation import DEFAULT, keep_in_bounds

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
STEADY = 5.0
"""An Envoy that lived this long died of something new; it is started again without a pause."""


class EnvoyProcess:
    """Starts, adopts, watches, replaces and ends the Envoy of one node's folder."""

    def __init__(self, node: Node) -> None:
        self._folder = node.folder.absolute()
        self._changing = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []
        self._watch: asyncio.Task[None] | None = None
        self.said = Said(self._folder / "envoy.log")
        self.current = Current(self._folder)
        self.starting = Starting(node, self.current, self.said)
        self.succession = Succession(self._folder, self.current, self.starting, self._changing)

    @property
    def running(self) -> bool:
        """Whether it runs now; one started by an earlier daemon is known by its record."""
        return self.current.running

    @property
    def admin(self) -> Admin:
        """Its admin. Raises PluginError where there is no Envoy."""
        return self.current.admin

    async def open(self) -> None:
        """Adopt the running one, replace it where it is outdated, or start it; and look after it from now on.

        Raises PluginError.
        """
        await self.adopt()
        if self.current.identity is None:
            await self.starting.start()
        elif not self.succession.former:
            await self.succession.renew()
        self._watch_anew()
        logs = keep_in_bounds(lambda: [(self.said.path, DEFAULT)])
        self._tasks = [
            asyncio.create_task(self._succeed(), name="envoy's succession"),
            asyncio.create_task(logs, name="envoy.log"),
        ]

    async def close(self) -> None:
        """Stop looking after it; it runs on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        self._tasks, self._watch = [], None
        await self.current.close()

    async def shutdown(self) -> None:
        """End it, and remove what it had outside its folder."""
        await self.close()
        known = self.current.identity or self.current.recorded()
        living = await asyncio.to_thread(found, self._folder)
        await ending.end([*living, *(one for one in [known] if one and one not in living)])
        self.current.forget()
        await asyncio.to_thread(sockets.forget, self._folder)
        await asyncio.to_thread(launch.forget_shared_memory, self._folder)

    async def adopt(self) -> None:
        """Take over the newest Envoy that can be asked; older ones have handed over to it, or wait for that in vain.

        A daemon may have died while one took over from another, and then none is recorded, or the former.
        """
        living = await asyncio.to_thread(found, self._folder)
        while living:
            newest, *living = living
            if await can_be_asked(newest):
                self.succession.former = living
                self.current.become(newest)
                return
            log.warning("an Envoy that answers no question is ended", extra={"pid": newest.pid})
            await ending.end([newest])

    def _watch_anew(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        self._watch = asyncio.create_task(self._look_after(), name="envoy")

    async def _succeed(self) -> None:
        """See the former off; what was outdated meanwhile is replaced only then, so that none is cut short."""
        waited = bool(self.succession.former)
        await self.succession.see_off()
        if not waited:
            return
        async with self._changing:
            if self.running and await self.succession.renew():
                self._watch_anew()
        await self.succession.see_off()

    async def _look_after(self) -> None:
        pause = 0.0
        while True:
            began = asyncio.get_running_loop().time()
            while (one := self.current.identity) is not None and self.running:
                await ending.until_gone(one)
            lived = asyncio.get_running_loop().time() - began
            pause = 0.0 if lived > STEADY else min(LONGEST_PAUSE, max(FIRST_PAUSE, pause * 2))
            async with self._changing:
                if not self.running:
                    # Whoever slept may have been followed by a daemon that has started another.
                    await self.adopt()
                if self.running:
                    continue
                log.warning("Envoy is gone; it is started again", extra={"pause": pause})
                await asyncio.sleep(pause)
                try:
                    await self.starting.start()
                except (PluginError, OSError) as error:
                    log.error("Envoy cannot be started: %s", error)
