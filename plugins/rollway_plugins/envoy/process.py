"""The one Envoy of a node: started in its own session, found again, restarted when it dies, replaced by a newer one."""

import asyncio
import contextlib
import logging
import os
import signal
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import psutil

from rollway.api import Node, PluginError
from rollway_plugins.envoy import files, launch
from rollway_plugins.envoy.admin import Admin
from rollway_plugins.envoy.documents import cluster_file, listener_file
from rollway_plugins.envoy.identity import Identity, boot_id, found
from rollway_plugins.envoy.launch import Launch
from rollway_plugins.envoy.said import Said
from rollway_plugins.rotation import DEFAULT, keep_in_bounds

log = logging.getLogger(__name__)

START_DEADLINE = 15.0
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
STEADY = 5.0
"""An Envoy that lived this long died of something new; it is started again without a pause."""
LISTEN_ATTEMPTS, LISTEN_PAUSE = 10, 0.2
LOOK = 0.01
FORMER_LATE = 10.0
"""Seconds after which a former Envoy that should have ended by itself is ended."""
SOCKET_FOLDER_LIMIT = 80
"""Letters of a folder in which UNIX sockets can be; their paths may have some 108, their names need 26."""


class EnvoyProcess:
    """Starts, adopts, watches, replaces and ends the Envoy of one node's folder."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._folder = node.folder.absolute()
        self._identity: Identity | None = None
        self._former: list[Identity] = []
        self._admins: dict[str, Admin] = {}
        self._watch: asyncio.Task[None] | None = None
        self._succession: asyncio.Task[None] | None = None
        self._rotation: asyncio.Task[None] | None = None
        self._changing = asyncio.Lock()
        self.said = Said(self._folder / "envoy.log")

    @property
    def running(self) -> bool:
        """Whether it runs now; one started by an earlier daemon is known by its record."""
        if self._identity is None:
            self._identity = self._recorded()
        return self._identity is not None and _alive(self._identity)

    @property
    def admin(self) -> Admin:
        """Its admin. Raises PluginError where there is no Envoy."""
        if self._identity is None:
            raise PluginError("Envoy has not been started")
        socket = self._identity.admin
        if socket not in self._admins:
            self._admins[socket] = Admin(Path(socket))
        return self._admins[socket]

    async def open(self) -> None:
        """Adopt the running one, replace it where it is outdated, or start it; and look after it from now on.

        Raises PluginError.
        """
        await self._adopt()
        if self._identity is None:
            await self._start()
        elif not self._former:
            await self._renew()
        self._watch = asyncio.create_task(self._look_after(), name="envoy")
        self._succession = asyncio.create_task(self._succeed(), name="envoy's succession")
        self._rotation = asyncio.create_task(
            keep_in_bounds(lambda: [(self.said.path, DEFAULT)]), name="envoy.log"
        )

    async def close(self) -> None:
        """Stop looking after it; it runs on."""
        tasks = [task for task in (self._succession, self._watch, self._rotation) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._watch = self._succession = self._rotation = None
        for admin in self._admins.values():
            await admin.close()
        self._admins = {}

    async def shutdown(self) -> None:
        """End it."""
        await self.close()
        known = self._identity or self._recorded()
        living = await asyncio.to_thread(found, self._folder)
        await self._end([*living, *(one for one in [known] if one and one not in living)])
        self._identity = None
        for one in [one for one in (known, *living) if one]:
            self._sweep(Path(one.admin).parent)
        self._record_path.unlink(missing_ok=True)
        await asyncio.to_thread(launch.forget_shared_memory, self._folder)

    def _sweep(self, sockets: Path) -> None:
        for socket in (*sockets.glob("hot_*"), *sockets.glob("admin*.sock")):
            socket.unlink(missing_ok=True)
        if sockets != self._folder:
            with contextlib.suppress(OSError):
                sockets.rmdir()

    @property
    def _record_path(self) -> Path:
        return self._folder / "process.json"

    def _recorded(self) -> Identity | None:
        with contextlib.suppress(PluginError, TypeError):
            recorded = files.load(self._record_path)
            identity = Identity(**recorded) if recorded else None  # type: ignore[arg-type]
            return identity if identity and identity.alive else None
        return None

    def _become(self, identity: Identity) -> None:
        self._identity = identity
        with contextlib.suppress(PluginError):  # on a full disk; it is found without its record as well
            files.save(self._record_path, asdict(identity))

    async def _adopt(self) -> None:
        """Take over the newest Envoy that can be asked; older ones have handed over to it, or wait for that in vain.

        A daemon may have died while one took over from another, and then none is recorded, or the former.
        """
        living = await asyncio.to_thread(found, self._folder)
        while living:
            newest, *living = living
            if await self._can_be_asked(newest):
                self._former = living
                self._become(newest)
                return
            log.warning("an Envoy that answers no question is ended", extra={"pid": newest.pid})
            await self._end([newest])

    async def _can_be_asked(self, one: Identity) -> bool:
        """Whether it has an admin, waited for while it is young."""
        admin = Admin(Path(one.admin))
        try:
            while _alive(one):
                if await admin.answers():
                    return True
                if time.time() - one.started > START_DEADLINE:
                    return not await admin.deaf()
                await asyncio.sleep(LOOK)
            return False
        finally:
            await admin.close()

    def _launch(self, epoch: int) -> Launch:
        return Launch(launch.binary(), self._node.name, self._folder, self._sockets(), epoch)

    async def _start(self) -> None:
        """Start the first of a succession; whatever else there is of this folder ends."""
        await self._end(await asyncio.to_thread(found, self._folder))
        await self._bring_up(await asyncio.to_thread(self._launch, 0))

    async def _bring_up(self, what: Launch) -> None:
        """Start one, wait until it serves, and take it for ours from then on. Raises PluginError."""
        what.write()
        node = files.NodeFiles(self._folder)
        for path, empty in ((node.listeners, listener_file([])), (node.clusters, cluster_file([]))):
            if not path.exists():  # Envoy refuses to start where one is missing.
                files.save(path, empty)
        offset = self.said.size
        identity = _just_started(what, await asyncio.to_thread(what.spawn, self.said.path))
        if what.epoch == 0:
            self._become(identity)
        await self._until_ready(identity, offset)
        self._become(identity)
        await self._until_listening()

    async def _renew(self) -> None:
        """Replace the running one if this version would start another. One that cannot be replaced serves on."""
        former = self._identity
        if former is None:
            return
        try:
            what = await asyncio.to_thread(self._launch, (former.epoch or 0) + 1)
            if await asyncio.to_thread(lambda: what.recipe) == former.recipe:
                return
            await asyncio.to_thread(_demand_handover, former, what)
        except PluginError as error:
            log.warning("Envoy is outdated and stays: %s", error, extra={"pid": former.pid})
            return
        await self._replace(former, what)

    async def _replace(self, former: Identity, what: Launch) -> None:
        try:
            await self._bring_up(what)
        except PluginError as error:
            log.error("the new Envoy did not take over: %s", error)
            await self._fall_back(former)
        else:
            self._former = [former, *self._former]
            self._watch_anew()
            log.info("Envoy is replaced", extra={"pid": former.pid, "epoch": what.epoch})

    async def _fall_back(self, former: Identity) -> None:
        """Back to the former, unless it gave its admin away: nobody could see what it does any more."""
        living = await asyncio.to_thread(found, self._folder)
        await self._end([one for one in living if one.pid != former.pid])
        if not await self._can_be_asked(former):
            await self._start()

    def _watch_anew(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = asyncio.create_task(self._look_after(), name="envoy")

    async def _succeed(self) -> None:
        """See the former off; what was outdated meanwhile is replaced only then, so that none is cut short."""
        waited = bool(self._former)
        await self._see_off()
        if not waited:
            return
        async with self._changing:
            if self.running:
                await self._renew()
        await self._see_off()

    async def _see_off(self) -> None:
        """Wait for the former to end by itself; take note of its end."""
        patience = launch.FORMER_ENDS + FORMER_LATE
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                for one in self._former:
                    await _until_gone(one)
        await self._end(self._former)
        await asyncio.to_thread(self._forget, tuple(self._former))
        self._former = []

    def _forget(self, former: Sequence[Identity]) -> None:
        """Remove the files of those that were followed; the first of a new succession has names of its own again."""
        now = self._identity.epoch if self._identity is not None else None
        for one in former:
            if now is not None and one.epoch is not None and one.epoch < now:
                Path(one.admin).unlink(missing_ok=True)
                (self._folder / f"bootstrap-{one.epoch}.json").unlink(missing_ok=True)

    async def _end(self, ones: Sequence[Identity]) -> None:
        """End these and whatever they hold."""
        for one in ones:
            with contextlib.suppress(ProcessLookupError):
                if _alive(one):
                    os.kill(one.pid, signal.SIGKILL)
        async with asyncio.timeout(10):
            for one in ones:
                await _until_gone(one)

    async def _until_listening(self) -> None:
        """Have listeners tried again that could not be opened, because the former Envoy took its time to let go.

        Envoy itself tries each listener once. One whose port was taken by another program is left to an operator.
        """
        trouble: Mapping[str, str] = {}
        node = files.NodeFiles(self._folder)
        for _ in range(LISTEN_ATTEMPTS):
            listeners = await self.admin.listeners()
            trouble = {name: wrong for name, wrong in listeners.items() if wrong}
            if not trouble:
                return
            await asyncio.sleep(LISTEN_PAUSE)
            await asyncio.to_thread(files.renew, node.listeners, node.lock)
        log.error("Envoy cannot listen: %s", "; ".join(trouble.values()))

    async def _until_ready(self, one: Identity, offset: int) -> None:
        admin = Admin(Path(one.admin))
        try:
            async with asyncio.timeout(START_DEADLINE):
                while not await admin.ready():
                    if not _alive(one):
                        raise PluginError(
                            f"Envoy ended as soon as it was started: {self.said.complaint(offset)}"
                        )
                    await asyncio.sleep(LOOK)
        except TimeoutError:
            said = self.said.complaint(offset)
            raise PluginError(f"Envoy is not ready after {START_DEADLINE:g} s: {said}") from None
        finally:
            await admin.close()

    def _sockets(self) -> Path:
        """The folder, or a short one of its own where that is too long for sockets; a successor's is the former's."""
        if self._identity is not None and Path(self._identity.admin).parent.is_dir():
            return Path(self._identity.admin).parent
        if len(os.fsencode(self._folder)) <= SOCKET_FOLDER_LIMIT:
            return self._folder
        return Path(tempfile.mkdtemp(prefix="rollway-"))

    async def _look_after(self) -> None:
        pause = 0.0
        while True:
            began = asyncio.get_running_loop().time()
            while (one := self._identity) is not None and self.running:
                await _until_gone(one)
            lived = asyncio.get_running_loop().time() - began
            pause = 0.0 if lived > STEADY else min(LONGEST_PAUSE, max(FIRST_PAUSE, pause * 2))
            async with self._changing:
                if self.running:
                    continue
                log.warning("Envoy is gone; it is started again", extra={"pause": pause})
                await asyncio.sleep(pause)
                try:
                    await self._start()
                except (PluginError, OSError) as error:
                    log.error("Envoy cannot be started: %s", error)


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


def _just_started(what: Launch, pid: int) -> Identity:
    """Itself, even if it has ended already."""
    started = 0.0
    with contextlib.suppress(psutil.Error):
        started = psutil.Process(pid).create_time()
    epoch = what.epoch if os.access(launch.SHARED_MEMORY, os.W_OK) else None
    return Identity(pid, started, boot_id(), str(what.admin), epoch, what.recipe)


def _alive(one: Identity) -> bool:
    with contextlib.suppress(
        ChildProcessError
    ):  # mostly it is nobody's child, but a daemon may be a container's init
        os.waitpid(one.pid, os.WNOHANG)
    return one.alive


async def _until_gone(one: Identity) -> None:
    """Wait until it has ended with all its threads, and with them let go of its ports."""
    try:
        handle = os.pidfd_open(one.pid)
    except ProcessLookupError:
        return
    except (AttributeError, OSError):
        while _alive(one):  # noqa: ASYNC110 - no pidfd on this machine
            await asyncio.sleep(0.2)
        return
    gone = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(handle, gone.set)
    try:
        if one.exists:
            await gone.wait()
    finally:
        loop.remove_reader(handle)
        os.close(handle)
