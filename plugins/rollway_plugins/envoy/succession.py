"""How one Envoy follows another by hot restart: both run, the new one takes the listeners, the former ends what it began."""

import asyncio
import contextlib
import logging
from pathlib import Path

from rollway.api import PluginError
from rollway_plugins.envoy import ending, launch, sockets
from rollway_plugins.envoy.current import Current
from rollway_plugins.envoy.identity import Identity, found
from rollway_plugins.envoy.launch import Launch
from rollway_plugins.envoy.starting import Starting, can_be_asked

log = logging.getLogger(__name__)

FORMER_LATE = 10.0
"""Seconds after which a former Envoy that should have ended by itself is ended."""


class Succession:
    """The Envoys of one folder that follow one another. `former` have handed over and have not ended yet."""

    def __init__(self, folder: Path, current: Current, starting: Starting, changing: asyncio.Lock) -> None:
        self.former: list[Identity] = []
        self._folder = folder
        self._current = current
        self._starting = starting
        self._changing = changing

    async def renew(self) -> bool:
        """Replace the current one if this version would start another. One that cannot be replaced serves on.

        Returns whether another serves now.
        """
        former = self._current.identity
        if former is None:
            return False
        try:
            what = await asyncio.to_thread(self._starting.launch, (former.epoch or 0) + 1)
            if await asyncio.to_thread(lambda: what.recipe) == former.recipe:
                return False
            await asyncio.to_thread(_demand_handover, former, what)
        except PluginError as error:
            log.warning("Envoy is outdated and stays: %s", error, extra={"pid": former.pid})
            return False
        await self._replace(former, what)
        return self._current.identity != former

    async def _replace(self, former: Identity, what: Launch) -> None:
        try:
            await self._starting.bring_up(what)
        except PluginError as error:
            log.error("the new Envoy did not take over: %s", error)
            await self._fall_back(former)
        else:
            self.former = [former, *self.former]
            log.info("Envoy is replaced", extra={"pid": former.pid, "epoch": what.epoch})

    async def _fall_back(self, former: Identity) -> None:
        """Back to the former, unless it gave its admin away: nobody could see what it does any more."""
        living = await asyncio.to_thread(found, self._folder)
        await ending.end([one for one in living if one.pid != former.pid])
        if await can_be_asked(former):
            self._current.become(former)
        else:
            await self._starting.start()

    async def see_off(self) -> None:
        """Wait for the former to end by itself; take note of its end."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(launch.FORMER_ENDS + FORMER_LATE):
                for one in self.former:
                    await ending.until_gone(one)
        await ending.end(self.former)
        async with self._changing:
            await asyncio.to_thread(self._forget)

    def _forget(self) -> None:
        """Remove the files of those that were followed; the first of a new succession has names of its own again."""
        now = self._current.identity
        if self.former and now is not None and self._current.running:
            sockets.forget(self._folder, launch.document_path(self._folder, now.epoch or 0))
        self.former = []


def _demand_handover(former: Identity, what: Launch) -> None:
    """Raises PluginError where the new one cannot start, or cannot take over from the former."""
    if former.epoch is None:
        raise PluginError("it was started without a way to hand over; end it to have a new one started")
    theirs, ours = launch.handover(Path(f"/proc/{former.pid}/exe")), launch.handover(what.path)
    if theirs and theirs != ours:
        raise PluginError(
            f"it hands over as {theirs} and {what.path} takes over as {ours or 'unknown'}; end it to have a new one "
            "started, which takes about a second"
        )
    what.write()
    what.check()
