"""What a proxy keeps outside of its folder: shared memory, and UNIX sockets where the folder's name is too long for them.

One that is killed leaves both. They are known from the command it was started with.
"""

import contextlib
import itertools
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where Envoy itself keeps it
PREFIX = "rollway-"
"""How the name of a folder begins that was made for sockets alone."""


@dataclass(frozen=True, slots=True)
class Outside:
    """The file in shared memory and the folder of sockets of one Envoy; None where it has none."""

    memory: Path | None = None
    sockets: Path | None = None

    @classmethod
    def of(cls, command: Sequence[str]) -> "Outside":
        """As an Envoy's command tells."""
        options = dict(itertools.pairwise(command))
        base, sockets = options.get("--base-id", ""), options.get("--socket-path")
        return cls(
            SHARED_MEMORY / f"envoy_shared_memory_{base}0" if base.isdecimal() else None,
            Path(sockets).parent if sockets and Path(sockets).parent.name.startswith(PREFIX) else None,
        )

    def remove(self) -> None:
        """Remove both, of the folder nothing but sockets; what cannot be removed stays."""
        with contextlib.suppress(OSError):
            if self.memory is not None:
                self.memory.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            if self.sockets is not None:
                _unlink(path for path in self.sockets.iterdir() if stat.S_ISSOCK(path.lstat().st_mode))
                self.sockets.rmdir()


def _unlink(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
