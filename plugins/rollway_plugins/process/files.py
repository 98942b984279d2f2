"""Small files that survive: written beside, synced, renamed."""

import json
import os
from collections.abc import Mapping
from pathlib import Path


def write(path: Path, content: Mapping[str, object], *, durable: bool) -> None:
    """Replace the file as a whole; with `durable` it is on disk when this returns. Raises OSError."""
    beside = path.with_name(path.name + ".new")
    with beside.open("w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    beside.replace(path)
    if durable:
        sync_folder(path.parent)


def read(path: Path) -> Mapping[str, object] | None:
    """What was written; None where there is no such file or it is not whole."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
