"""Errors of the file system, said for people."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rollway.errors import ArtifactError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def explained(doing: str, place: Path) -> Iterator[None]:
    """Any OSError inside becomes an ArtifactError that says what was done, where, and why it failed."""
    try:
        yield
    except OSError as error:
        where = error.filename if isinstance(error.filename, str) else str(place)
        if error.errno in _FULL:
            advice = "free some space there, or choose another folder"
            raise ArtifactError(f"{doing}: no space left for {where}", advice=advice) from error
        reason = (error.strerror or str(error)).lower()
        raise ArtifactError(f"{doing}: {where}: {reason}") from error
