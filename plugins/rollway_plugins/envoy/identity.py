"""A process that is found again and never mistaken for another."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

import psutil

from rollway.api import PluginError
from rollway_plugins.envoy import files
from rollway_plugins.envoy.launch import described


@dataclass(frozen=True, slots=True)
class Identity:
    """A process that cannot be mistaken for another: its pid, when it started, and since which boot of the machine.

    `admin` is the socket it answers at; `epoch` counts the Envoys that took over from one another, None for one that
    can hand over to nobody; `recipe` tells what it was started with.
    """

    pid: int
    started: float
    boot: str
    admin: str
    epoch: int | None = None
    recipe: str = ""

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        try:
            return self.exists and psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False
        except OSError:
            return (
                True  # without a file descriptor nobody can look: what cannot be looked at is not called gone
            )

    @property
    def exists(self) -> bool:
        """Whether the kernel still knows it; one that has ended may have threads that end, and with them its ports."""
        try:
            started = psutil.Process(self.pid).create_time()
            return self.boot == boot_id() and abs(started - self.started) < 0.05
        except psutil.Error:
            return False
        except OSError:
            return True  # as above


def found(folder: Path) -> list[Identity]:
    """Every living Envoy that reads this folder, the newest first. Blocks."""
    everyone = (_identified(process, folder) for process in psutil.process_iter())
    return sorted((one for one in everyone if one), key=_age, reverse=True)


def identified(pid: int, folder: Path) -> Identity | None:
    """One Envoy by its pid; None where it is gone."""
    with contextlib.suppress(psutil.Error):
        return _identified(psutil.Process(pid), folder)
    return None


def _age(one: Identity) -> tuple[float, int]:
    return one.started, -1 if one.epoch is None else one.epoch


def _identified(process: psutil.Process, folder: Path) -> Identity | None:
    with contextlib.suppress(psutil.Error, PluginError, KeyError, TypeError, AttributeError, ValueError):
        command = process.cmdline()
        document = next((word for word in command if word.startswith(f"{folder}/bootstrap")), None)
        if document is None or "validate" in command or process.status() == psutil.STATUS_ZOMBIE:
            return None
        admin, recipe = described(files.load(Path(document)) or {})
        epoch = int(command[command.index("--restart-epoch") + 1]) if "--restart-epoch" in command else None
        return Identity(process.pid, process.create_time(), boot_id(), admin, epoch, recipe)
    return None


def boot_id() -> str:
    """What changes with each boot of this machine."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return str(psutil.boot_time())
