"""The last lines of a log, read from its end."""

import os
import re
from pathlib import Path

from rollway_plugins.rotation import part

_BLOCK = 16 * 1024
_MOST = 1024 * 1024
_LONGEST_LINE = 2000
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Terminal sequences and control characters, which an application could use to paint over what an operator reads."""


def last_lines(log: Path, lines: int) -> list[str]:
    """Up to `lines` lines, the oldest first; empty where there is no such file. Cheap however long the file is."""
    if lines <= 0:
        return []
    found = _last_of(log, lines)
    if len(found) < lines:  # it was put aside a moment ago
        found = [*_last_of(part(log, 1), lines - len(found)), *found]
    return [_readable(line) for line in found]


def _last_of(log: Path, lines: int) -> list[bytes]:
    try:
        with log.open("rb") as file:
            return _tail(file.fileno(), lines)[-lines:]
    except OSError:
        return []


def _tail(fd: int, lines: int) -> list[bytes]:
    end = os.lseek(fd, 0, os.SEEK_END)
    start, data = end, b""
    while start > 0 and data.count(b"\n") <= lines and end - start < _MOST:
        start, before = max(0, start - _BLOCK), start
        data = os.pread(fd, before - start, start) + data
    return data.splitlines() if start == 0 else data.splitlines()[1:] or [data]


def _readable(line: bytes) -> str:
    text = _CONTROL.sub("", line.decode("utf-8", "replace"))
    return text if len(text) <= _LONGEST_LINE else text[:_LONGEST_LINE] + "…"
