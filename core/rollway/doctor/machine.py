"""The machine: Python, open files, the data folder and its disk, the loopback interface, the clock.

What is read and what it means are apart: each `of_...` is pure.
"""

import os
import platform
import resource
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rollway._version import __version__
from rollway.domain.findings import Finding, problem, warning

OLDEST_PYTHON = (3, 11)
FEWEST_FILES, FEW_FILES = 256, 4096
MIB, GIB = 1024**2, 1024**3
LEAST_ROOM, LITTLE_ROOM = 64 * MIB, GIB
FEWEST_INODES = 1000
BUILT = datetime(2025, 1, 1, tzinfo=UTC).timestamp()
"""No clock that is right shows less."""
FUTURE = 60.0
"""Seconds that the log may be ahead of the clock before somebody should wonder."""


def machine(data: Path) -> Sequence[Finding]:
    """Everything but the clock; `data` is the data folder, there or not."""
    return [
        of_python(sys.version_info[:3], platform.python_implementation()),
        of_files(resource.getrlimit(resource.RLIMIT_NOFILE)[1]),
        *disk(data),
        loopback(),
    ]


def of_python(version: Sequence[int], implementation: str = "CPython") -> Finding:
    """The interpreter."""
    written = ".".join(map(str, version))
    if tuple(version) < OLDEST_PYTHON:
        return problem("python", f"{implementation} {written} is too old", "install 3.11 or newer")
    return Finding("python", f"{implementation} {written}, Rollway {__version__}")


def of_files(most: int) -> Finding:
    """How many files the system lets a daemon open; it takes all it may."""
    if most == resource.RLIM_INFINITY:
        return Finding("open files", "as many as it takes")
    said = f"at most {most:,}; each instance and each connection takes one or two"
    advice = "raise the hard limit: LimitNOFILE= in the unit, or ulimit -Hn"
    if most < FEWEST_FILES:
        return problem("open files", said, advice)
    return warning("open files", said, advice) if most < FEW_FILES else Finding("open files", f"{most:,}")


def disk(data: Path) -> Sequence[Finding]:
    """The file system of the data folder, and whether something can be written there."""
    there = next((each for each in (data, *data.parents) if each.exists()), Path("/"))
    room = shutil.disk_usage(there)
    return [of_room(data, room.free, room.total, _inodes(there)), writable("data folder", data)]


def _inodes(folder: Path) -> int | None:
    """Files that may still be made; None where the file system does not count them."""
    found = os.statvfs(folder)
    return found.f_favail if found.f_files else None


def of_room(folder: Path, free: int, total: int, inodes: int | None = None) -> Finding:
    """Whether there is room: `free` and `total` in bytes."""
    said = f"{size(free)} free of {size(total)} for {folder}"
    advice = "make room: releases that nobody needs any more lie under artifacts/, logs under node/"
    if inodes is not None and inodes < FEWEST_INODES:
        return problem(
            "disk", f"only {inodes:,} files can be made for {folder}", "remove files that nobody needs"
        )
    if free < LEAST_ROOM:
        return problem("disk", said, advice)
    return warning("disk", said, advice) if free < LITTLE_ROOM else Finding("disk", said)


def writable(name: str, folder: Path) -> Finding:
    """Whether this user can write there, shown by doing it; one that is not there yet must be possible to make."""
    there = next((each for each in (folder, *folder.parents) if each.exists()), Path("/"))
    who = "give it to the user that runs the daemon, or name another one"
    if not there.is_dir():
        return problem(name, f"{there} is no folder", "name another one")
    if there != folder:
        if not os.access(there, os.W_OK | os.X_OK):
            return problem(name, f"{folder} cannot be made: {there} may not be written", who)
        return Finding(name, f"{folder} is not there yet; the daemon makes it")
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-") as file:
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return problem(name, f"nothing can be written in {folder}: {error.strerror}", who)
    return Finding(name, f"{folder} can be written")


def loopback() -> Finding:
    """Whether programs of this machine reach each other over 127.0.0.1, each at a free port."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(2)
            with socket.create_connection(server.getsockname(), 2), server.accept()[0]:
                return Finding("loopback", "127.0.0.1 connects, ports are free")
    except OSError as error:
        return problem(
            "loopback",
            f"127.0.0.1 does not connect: {error.strerror or error}",
            "bring it up: ip link set lo up; see whether a firewall is in the way",
        )


def clock(newest: float | None = None) -> Sequence[Finding]:
    """This machine's clock, against the last entry of the log (unix seconds) where one is known."""
    return [of_clock(time.time(), newest)]


def of_clock(now: float, newest: float | None = None) -> Finding:
    """Whether the time can be right. Nothing is decided by it; the log and its readers suffer."""
    written = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    advice = "set it, and keep it so: timedatectl set-ntp true"
    if now < BUILT:
        return problem("clock", f"it shows {written}", advice)
    if newest is not None and newest > now + FUTURE:
        said = f"it shows {written}, and the log's last entry is {newest - now:,.0f} s ahead of that"
        return warning("clock", said, advice)
    return Finding("clock", written)


def size(number: float) -> str:
    """Bytes as people read them."""
    for unit in ("bytes", "KiB", "MiB"):
        if number < 1024:
            return f"{number:.0f} {unit}" if unit == "bytes" else f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} GiB"
