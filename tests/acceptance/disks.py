"""Disks that a test spoils: full, read-only. Whoever may not mount skips, and says so."""

import errno
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, mebibytes: int = 64) -> Iterator[Path]:
    """A disk of its own, in memory, at this folder."""
    folder.mkdir()
    with mounted("-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(folder)):
        yield folder


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Whatever is opened below this folder meanwhile can only be read; files that are open already stay as they are."""
    aside = folder.with_name(f"{folder.name}-read-only")
    aside.mkdir()
    with mounted("--bind", str(folder), str(aside)):
        mount("-o", "remount,bind,ro", str(aside))  # where nobody has anything open yet
        with mounted("--bind", str(aside), str(folder)):
            yield
    aside.rmdir()


@contextmanager
def mounted(*words: str) -> Iterator[None]:
    """Mounted until the end of the block; the last word is where."""
    mount(*words)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", words[-1]], check=True)


def mount(*words: str) -> None:
    """Mount, or skip the test where that is not allowed."""
    done = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"this machine cannot: mount: {done.stderr.strip()}")


def fill(disk: Path) -> Path:
    """Take every byte that is left; the file to delete again."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError as error:
                assert error.errno == errno.ENOSPC  # noqa: PT017 - the loop ends with it
    return ballast
