"""What the kernel knows of processes, read from /proc (see proc(5)), and signals that reach only who is meant."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PROC = Path("/proc")
INSTANCE = "ROLLWAY_INSTANCE"
START = "ROLLWAY_START"
_TICKS = os.sysconf("SC_CLK_TCK")


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


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands in the environment of an instance's processes: its id, and a random word made for this start.

    The second tells apart instances of two daemons on one machine that have the same id.
    """

    instance: str
    start: str


@cache
def boot_id() -> str:
    """Which start of this machine this is."""
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()


def status(pid: int) -> Status | None:
    """How the process with this pid stands now; None where there is none."""
    try:
        line = (PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    fields = line.rpartition(")")[2].split()
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
    uptime = float((PROC / "uptime").read_text().split()[0])
    return max(0.0, uptime - identity.started / _TICKS)


def marked() -> dict[Mark, list[Status]]:
    """The living processes of this machine by the mark that stands in their environment."""
    found: dict[Mark, list[Status]] = {}
    for pid in _pids():
        mark = _mark_of(pid)
        if mark is not None and (now := status(pid)) is not None and now.alive:
            found.setdefault(mark, []).append(now)
    return found


def members(mark: Mark, leader: Identity | None) -> list[Status]:
    """The living processes of an instance: with its mark in their environment, or in the session it leads.

    The second catches children that were given another environment. A session whose leader's pid belongs to another
    process by now is not the instance's.
    """
    session = _session(leader)
    return [
        now
        for pid in _pids()
        if (now := status(pid)) is not None
        and now.alive
        and (_in_session(now, session) or _mark_of(pid) == mark)
    ]


def _session(leader: Identity | None) -> Identity | None:
    if leader is None or leader.boot != boot_id():
        return None
    now = status(leader.pid)
    return leader if now is None or now.started == leader.started else None


def _in_session(found: Status, session: Identity | None) -> bool:
    return session is not None and found.session == session.pid and found.started >= session.started


def _pids() -> Iterator[int]:
    own = os.getpid()
    for entry in os.scandir(PROC):
        if entry.name.isdigit() and int(entry.name) != own:
            yield int(entry.name)


def _mark_of(pid: int) -> Mark | None:
    try:
        environment = (PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return None
    if START.encode() not in environment:
        return None
    pairs = (variable.partition("=") for variable in environment.decode("utf-8", "replace").split("\0"))
    variables = {name: value for name, _, value in pairs}
    if INSTANCE not in variables or START not in variables:
        return None
    return Mark(variables[INSTANCE], variables[START])


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
