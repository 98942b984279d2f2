"""What daemons of one database share: who drives what, and the folders of whoever came first."""

import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path

from rollway._version import __version__
from rollway.engine.leases import Leases
from rollway.engine.ownership import Ownership, Sole
from rollway.engine.ports import Clock
from rollway.engine.rollcall import RollCall, sole
from rollway.store.protocol import Append, Conflict, Member, NewEvent, Store


def this_daemon(node: str, url: str) -> Member:
    """This start of a daemon, as the others know it; `url` is where its API listens."""
    return Member(f"{node}:{os.getpid()}:{secrets.token_hex(4)}", node, url, __version__)


def owned(store: Store, clock: Clock, me: Member, shared: bool) -> tuple[Ownership, Callable[[], RollCall]]:
    """What this daemon holds, and who else there is, of a database that may be `shared`."""
    if shared:
        leases = Leases(store, clock, me)
        return leases, leases.roll_call
    alone = sole(me)
    return Sole(me.id), lambda: alone


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


def without_password(url: str) -> str:
    """A database's URL that may be shown."""
    url = re.sub(r"^([^:/?#]+://[^:/?#@]*):[^/?#]*@", r"\1@", url)
    return re.sub(r"([?&])password=[^&]*&?", r"\1", url).rstrip("?&")
