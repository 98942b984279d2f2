"""The data folder: one daemon at a time."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rollway.errors import ConflictError, RollwayError


@contextmanager
def held(folder: Path) -> Iterator[Path]:
    """The folder, made if need be, absolute, held by this process. Raises ConflictError that says who holds it."""
    folder = _made(folder)
    path = folder / "daemon.lock"
    try:
        lock = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise RollwayError(
            f"{folder} cannot be written: {error.strerror}", advice="give another folder with --data"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ConflictError(
                f"{folder} is held by {_holder(path)}",
                advice="stop it, or give this daemon a --data of its own",
            ) from error
        _tell(lock.fileno(), {"pid": os.getpid()})
        yield folder


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
