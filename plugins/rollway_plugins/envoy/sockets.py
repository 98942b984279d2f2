"""Where the Envoys of a folder have their UNIX sockets, and what they leave when they are gone.

The path of a socket may have some 108 letters. So a folder with a long name has its sockets in a short one beside other
temporary files; which, is told by the bootstraps in the folder, written before anything else.
"""

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rollway.api import PluginError
from rollway_plugins.envoy import files
from rollway_plugins.envoy.launch import BOOTSTRAPS, described

LONGEST = 80
"""Letters of a folder in which UNIX sockets can be; their names need 26."""


def place(folder: Path) -> Path:
    """Where the sockets of this folder's next Envoy are: where the last one's were, which it may follow."""
    known = next((socket.parent for _, socket in _noted(folder) if _ours(socket.parent)), None)
    if known is not None:
        return known
    return folder if len(os.fsencode(folder)) <= LONGEST else Path(tempfile.mkdtemp(prefix="rollway-"))


def forget(folder: Path, keep: Path | None = None) -> None:
    """Remove bootstraps and sockets of Envoys that are gone; `keep` is the bootstrap of the one that serves, if any."""
    noted = dict(_noted(folder))
    kept = {noted[keep].parent} if keep in noted else set[Path]()
    for document, socket in noted.items():
        if document != keep:
            socket.unlink(missing_ok=True)
            document.unlink(missing_ok=True)
    for gone in {socket.parent for socket in noted.values()} - kept:
        _sweep(gone, folder)


def _sweep(sockets: Path, folder: Path) -> None:
    for socket in (*sockets.glob("hot_*"), *sockets.glob("admin*.sock")):
        socket.unlink(missing_ok=True)
    if sockets != folder:
        with contextlib.suppress(OSError):
            sockets.rmdir()


def _noted(folder: Path) -> Iterator[tuple[Path, Path]]:
    for document in sorted(folder.glob(BOOTSTRAPS)):
        with contextlib.suppress(PluginError, KeyError, TypeError, AttributeError):
            yield document, Path(described(files.load(document) or {})[0])


def _ours(place: Path) -> bool:
    """Whether it is there and still ours: a name in a folder that all may write to may be another's by now."""
    try:
        found = place.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
