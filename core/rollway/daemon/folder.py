"""What one daemon has to itself: its data folder, and its database where that is a file.

The locks are the kernel's (flock): they end with the process, however it ends.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from rollway.errors import ConflictError, RollwayError


@contextmanager
def held(folder: Path) -> Iterator[Path]:
    """The folder, made if need be, absolute, held by this process. Raises ConflictError that says who holds it."""
    folder = _made(folder)
    path = folder / "daemon.lock"
    try:
        lock = _opened(path)
    except OSError as error:
        raise RollwayError(
            f"{folder} cannot be written: {error.strerror}", advice="give another folder with --data"
        ) from error
    with lock:
        _take(lock, path, str(folder), "stop it, or give this daemon a --data of its own")
        yield folder


@contextmanager
def held_file(database: Path | None) -> Iterator[None]:
    """The file of a SQLite database, by whatever name it was given, held by this process; None needs no lock.

    Raises ConflictError that says who holds it. Where no lock can be made beside it, on a full disk or in somebody
    else's folder, it goes on without: what is wrong with the place itself, the database says better.
    """
    if database is None:
        yield
        return
    file = database.resolve()
    path = file.with_name(f"{file.name}.lock")
    try:
        lock = _opened(path)
    except OSError:
        yield
        return
    with lock:
        _take(lock, path, str(file), "stop it, or give this daemon a --database of its own")
        yield


def _opened(path: Path) -> TextIO:
    return path.open("a+", encoding="utf-8")


def _take(lock: TextIO, path: Path, what: str, advice: str) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise ConflictError(f"{what} is held by {_holder(path)}", advice=advice) from error
    _tell(lock.fileno(), {"pid": os.getpid()})


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise RollwayError(
            f"{folder} cannot be made: {error.strerror}", advice="give another folder with --data"
        ) from error
    return folder.resolve()


def _tell(descriptor: int, holder: dict[str, int]) -> None:
    """Who we are, for the daemon that comes second; on a full disk it has to do without."""
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(holder).encode(), 0)
    except OSError:
        return


def _holder(path: Path) -> str:
    try:
        return f"another daemon, process {json.loads(path.read_text('utf-8'))['pid']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another daemon"
