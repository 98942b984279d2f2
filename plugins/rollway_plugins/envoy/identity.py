"""A process that is found again and never mistaken for another."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Identity:
    """A process that cannot be mistaken for another: its pid, when it started, and since which boot of the machine."""

    pid: int
    started: float
    boot: str
    admin: str

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self.pid)
            return (
                self.boot == boot_id()
                and abs(process.create_time() - self.started) < 0.05
                and process.status() != psutil.STATUS_ZOMBIE
            )
        return False


def boot_id() -> str:
    """What changes with each boot of this machine."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return str(psutil.boot_time())
