"""Logs that their writers hold open are kept in bounds: copied aside, then cut to nothing.

Whoever writes goes on writing to the same file, opened with O_APPEND, and nothing stands between it and the disk. What
is written in the instant between the last read and the cut, some microseconds, is lost, of a line half read the rest;
nothing is ever doubled.
"""

import logging
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedWriter, FileIO
from pathlib import Path

BLOCK = 1024 * 1024
LONGEST_LINE = 64 * 1024
EVERY = 60.0
"""Seconds between two looks at the logs of a node."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Bounds:
    """A log of `size` bytes is put aside; `kept` such parts stay, together no more than `size` times `kept`."""

    size: int = 10 * 1024 * 1024
    kept: int = 5


DEFAULT = Bounds()


async def keep_in_bounds(logs: Callable[[], Iterable[tuple[Path, Bounds]]]) -> None:
    """Look at these logs from now on, each minute; never returns. A log that cannot be cut is tried again."""
    import asyncio

    while True:
        await asyncio.sleep(EVERY)
        for log, bounds in list(logs()):
            try:
                await asyncio.to_thread(rotate, log, bounds)
            except OSError as error:
                _log.warning("%s cannot be rotated: %s", log, error.strerror)


def part(log: Path, number: int) -> Path:
    """What was put aside, 1 the latest."""
    return log.with_name(f"{log.name}.{number}")


def rotate(log: Path, bounds: Bounds = DEFAULT) -> bool:
    """Put a log aside that has reached its size; whether it did. Blocks.

    Raises OSError where that cannot be done; the log is whole then, and nothing half is left. On a full disk the
    oldest parts make room first.
    """
    _settle(log)
    try:
        if log.stat().st_size < max(1, bounds.size):
            return False
    except FileNotFoundError:
        return False
    while True:
        try:
            _put_aside(log, bounds)
        except OSError:
            _settle(log)
            if not _drop_oldest(log):
                raise
        else:
            _prune(log, bounds)
            return True


def discard_parts(log: Path, keep: int) -> None:
    """Remove all parts but the latest `keep`. Blocks."""
    for number in _numbers(log):
        if number > keep:
            part(log, number).unlink(missing_ok=True)


def _copy(log: Path) -> Path:
    return log.with_name(f"{log.name}.copy")


def _whole(log: Path) -> Path:
    return log.with_name(f"{log.name}.whole")


def _put_aside(log: Path, bounds: Bounds) -> None:
    with log.open("r+b", buffering=0) as source, _copy(log).open("wb") as copy:
        os.fchmod(copy.fileno(), os.fstat(source.fileno()).st_mode & 0o777)
        _skip(source, bounds.size * max(1, bounds.kept))
        _drain(source, copy)
        copy.flush()
        # From here on it is known to be complete: `_settle` tells by the log itself whether it has been cut.
        _copy(log).rename(_whole(log))
        while more := source.read(BLOCK):
            copy.write(more)
            copy.flush()
        source.truncate(0)
    _shift(log)


def _skip(source: FileIO, most: int) -> None:
    """Past what is more than all parts may have together, to where a line begins."""
    over = os.fstat(source.fileno()).st_size - most
    if over > 0:
        source.seek(over)
        source.readline(LONGEST_LINE)


def _drain(source: FileIO, copy: BufferedWriter) -> None:
    while block := source.read(BLOCK):
        copy.write(block)


def _settle(log: Path) -> None:
    """Finish what a daemon that died has left: a copy of a log that was cut is kept, any other is dropped."""
    _copy(log).unlink(missing_ok=True)
    if not _whole(log).exists():
        return
    if _begins_with(log, _whole(log)):
        _whole(log).unlink()
    else:
        _shift(log)


def _begins_with(log: Path, whole: Path) -> bool:
    with suppress(FileNotFoundError), log.open("rb") as now, whole.open("rb") as copied:
        while block := copied.read(BLOCK):
            if now.read(len(block)) != block:
                return False
        return True
    return False


def _shift(log: Path) -> None:
    for number in sorted(_numbers(log), reverse=True):
        part(log, number).rename(part(log, number + 1))
    _whole(log).rename(part(log, 1))


def _numbers(log: Path) -> list[int]:
    ends = (path.name.removeprefix(f"{log.name}.") for path in log.parent.glob(f"{log.name}.*"))
    return [int(end) for end in ends if end.isascii() and end.isdigit()]


def _drop_oldest(log: Path) -> bool:
    numbers = _numbers(log)
    if numbers:
        part(log, max(numbers)).unlink(missing_ok=True)
    return bool(numbers)


def _prune(log: Path, bounds: Bounds) -> None:
    discard_parts(log, bounds.kept)
    room = bounds.size * bounds.kept
    for number in sorted(_numbers(log)):
        room -= part(log, number).stat().st_size
        if room < 0 and number > 1:
            part(log, number).unlink()
