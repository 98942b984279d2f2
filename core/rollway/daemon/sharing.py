"""What daemons of one database share: who drives what, and the folders of whoever came first."""

import os
import secrets
from pathlib import Path

from rollway._version import __version__
from rollway.engine.leases import Leases
from rollway.engine.ownership import Sole
from rollway.engine.ports import Clock
from rollway.store.protocol import Append, Conflict, Member, NewEvent, Store


def leases(store: Store, clock: Clock, node: str, url: str) -> Leases:
    """This start of a daemon as a member of many; `url` is where its API listens."""
    id_ = f"{node}:{os.getpid()}:{secrets.token_hex(4)}"
    return Leases(store, clock, Member(id_, node, url, __version__))


def alone(node: str) -> Sole:
    """The only daemon of its data."""
    return Sole(f"{node}:{os.getpid()}")


async def agreed_folder(store: Store, what: str, own: Path, at: float) -> Path:
    """The folder that all daemons use for this: of whoever was the first to ask, written down for ever."""
    stream = f"folder:{what}"
    chosen = NewEvent("FolderChosen", 1, "system:daemon", {"path": str(own)}, at)
    try:
        await store.append(Append(stream, 0, (chosen,)))
    except Conflict:
        first, *_ = await store.read(stream)
        return Path(str(first.data["path"]))
    return own
