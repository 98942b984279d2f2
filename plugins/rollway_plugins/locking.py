"""Locks between the daemons of one machine that a frozen holder cannot keep for ever.

A lock is a file and whoever has it locked (flock). One that another process does not let go of for too long is replaced
by a new file: its holder has been stopped in the middle, and holds something that nobody asks for any more. What keeps
him from changing anything when he wakes up is the caller's to say: see `Room`.
"""

import contextlib
import fcntl
import itertools
import logging
import os
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex as new_word

from rollway.api import PluginError

log = logging.getLogger(__name__)

PATIENCE = 3.0
"""Seconds until a holder is taken for frozen: no act under a lock waits for anything but a disk."""

OWNER = f"{os.getpid()}-{new_word(4)}"
"""This process, and no other that ever was or will be."""

RETRY = 0.003
_ours: set[Path] = set()
_breaking_in = threading.Lock()
_serials = itertools.count()


@dataclass(frozen=True, slots=True)
class Room:
    """Where a process writes, in the folder of a lock, what it then renames into its place.

    A rename needs what it renames: whoever was fenced off finds nothing to put into place, wherever he was stopped.
    """

    folder: Path

    @property
    def path(self) -> Path:
        """A new file to be written."""
        return self._mine / f"{next(_serials)}"

    @property
    def _mine(self) -> Path:
        return self.folder / "staging" / OWNER

    def enter(self) -> None:
        """Have it; only before anything is read that is then changed. Raises PluginError on a disk that is full."""
        try:
            self._mine.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PluginError(f"{self._mine} cannot be made: {error.strerror}") from error

    def fence_off_others(self) -> None:
        """Take away what every other process has here."""
        with contextlib.suppress(OSError):
            for each in [each for each in self._mine.parent.iterdir() if each.name != OWNER]:
                gone = each.with_name(f".{new_word(4)}")
                with contextlib.suppress(OSError):
                    each.rename(gone)  # in one act; emptying it takes several
                shutil.rmtree(gone, ignore_errors=True)


@contextlib.contextmanager
def held(path: Path, room: Room | None = None, patience: float = PATIENCE) -> Iterator[int]:
    """Hold a lock; gives its file descriptor.

    Raises PluginError where this process holds it already and does not let go, or the file cannot be opened.
    """
    handle = _taken(path, room, patience)
    if handle is None:
        handle = _taken_over(path, room)
    _ours.add(path)
    try:
        yield handle
    finally:
        _ours.discard(path)
        os.close(handle)


@contextlib.contextmanager
def held_if_free(path: Path, room: Room, patience: float = 0.3) -> Iterator[None]:
    """Hold a lock, or go on without it where another keeps it longer than `patience` seconds or it cannot be had."""
    handle = None
    with contextlib.suppress(PluginError):
        handle = _taken(path, None, patience)
    with contextlib.suppress(PluginError):
        room.enter()
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _taken(path: Path, room: Room | None, patience: float) -> int | None:
    until = time.monotonic() + patience
    while True:
        handle = _opened(path, os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
        else:
            if _is_ours(handle, path, room):
                return handle
        if time.monotonic() > until:
            return None
        time.sleep(RETRY)


def _is_ours(handle: int, path: Path, room: Room | None) -> bool:
    """Whether it still is; has room there before it looks, so that whoever breaks in later takes that away."""
    try:
        if room is not None:
            room.enter()
        if _stands_at(handle, path):
            return True
    except PluginError:
        os.close(handle)
        raise
    os.close(handle)
    return False


def _taken_over(path: Path, room: Room | None) -> int:
    with _breaking_in:
        handle = _taken(path, room, 0.0)
        if handle is not None:
            return handle
        if path in _ours:
            raise PluginError(f"{path} is held by this daemon itself and not let go; is its disk stuck?")
        beside = path.with_name(f".{path.name}.{OWNER}")
        handle = _opened(beside, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.write(handle, path.read_bytes())
            beside.rename(path)
        except OSError as error:
            os.close(handle)
            raise PluginError(f"{path} cannot be taken over: {error.strerror}") from error
    if room is not None:
        room.enter()
        room.fence_off_others()
    log.warning("%s was not let go of for %g s: its holder is frozen, and is fenced off", path, PATIENCE)
    return handle


def _opened(path: Path, flags: int) -> int:
    try:
        return os.open(path, flags | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise PluginError(f"{path} cannot be opened: {error.strerror}") from error


def _stands_at(handle: int, path: Path) -> bool:
    """Whether this is still the lock: nobody broke in."""
    try:
        there = path.stat()
    except OSError:
        return False
    here = os.fstat(handle)
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)
