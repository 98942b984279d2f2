"""Processes as the kernel knows them (see proc(5)), and signals that reach only who is meant."""

import errno
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_OUR_OWN = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})


@dataclass(frozen=True, slots=True)
class Identity:
    """A process, for ever: its pid alone is used again, with the tick it started in and the boot it never is."""

    pid: int
    started: int
    boot: str


@dataclass(frozen=True, slots=True)
class Status:
    """A line of /proc/PID/stat; `started` in clock ticks since the boot."""

    pid: int
    state: str
    parent: int
    session: int
    started: int

    @property
    def alive(self) -> bool:
        """Neither a zombie nor dead."""
        return self.state not in "ZXx"


@cache
def boot_id() -> str:
    """Which start of this machine this is."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def read(pid: int, name: str) -> bytes:
    """A file of /proc/PID; empty where the process is gone or not ours to look at.

    As cheap as can be, because it is called for every process of the machine. Raises OSError where this process is
    short of descriptors or memory: that says nothing of the other.
    """
    try:
        with open(f"/proc/{pid}/{name}", "rb", buffering=0) as file:  # noqa: PTH123
            return file.read()
    except OSError as error:
        if error.errno in _OUR_OWN:
            raise
        return b""


def status(pid: int) -> Status | None:
    """How the process with this pid stands now; None where there is none."""
    line = read(pid, "stat")
    if not line:
        return None
    fields = line.rpartition(b")")[2].decode("ascii").split()
    return Status(pid, fields[0], int(fields[1]), int(fields[3]), int(fields[19]))


def identify(pid: int) -> Identity | None:
    """The identity of the process that has this pid now, dead but not reaped ones too."""
    found = status(pid)
    return Identity(pid, found.started, boot_id()) if found else None


def is_alive(identity: Identity) -> bool:
    """Whether this very process runs: same boot, same pid, same start, no zombie."""
    found = status(identity.pid) if identity.boot == boot_id() else None
    return found is not None and found.alive and found.started == identity.started


def age(identity: Identity) -> float:
    """Seconds since it was started."""
    return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - identity.started / _TICKS)


def send(process: Status, number: signal.Signals) -> None:
    """Signal this very process; one that has ended meanwhile, or another with its pid, is left alone."""
    with suppress(ProcessLookupError):
        fd = _pidfd(process.pid)
        try:
            if _same(process):
                _signal(process.pid, fd, number)
        finally:
            if fd is not None:
                os.close(fd)


def _pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        raise
    except OSError:  # an old kernel, a sandbox, no descriptors left
        return None


def _signal(pid: int, fd: int | None, number: signal.Signals) -> None:
    if fd is None:  # the gap between the look and the signal is microseconds
        os.kill(pid, number)
    else:
        signal.pidfd_send_signal(fd, number)


def _same(process: Status) -> bool:
    now = status(process.pid)
    return now is not None and now.started == process.started


def reap(process: Identity) -> str:
    """Take the exit of a child of this daemon; how it ended in words, empty where it was not ours or lives."""
    if identify(process.pid) != process:
        return ""
    try:
        result = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG)
    except ChildProcessError:
        return ""
    if result is None:
        return ""
    if result.si_code == os.CLD_EXITED:
        return f"exited with code {result.si_status}"
    return f"killed by {_signal_name(result.si_status)}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
