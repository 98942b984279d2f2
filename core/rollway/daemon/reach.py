"""Whether every daemon of one database reaches the same artifacts: a folder that has the mark which all agreed on.

Paths say nothing: the same path on two machines is the same folder only where somebody mounted it.
"""

import asyncio
import logging
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from rollway.doctor.examining import aside
from rollway.store.protocol import Append, Conflict, NewEvent, Store, StoreUnavailable

log = logging.getLogger(__name__)

LOOK_EVERY = 60.0

MARK = "folder-id"
"""The file with the mark, beside the artifacts."""
_STREAM = "folder:artifacts"
_MARKED = "FolderMarked"


@dataclass(frozen=True, slots=True)
class Reached:
    """What a node finds in its artifact folder; `trouble` is empty where it is the one of all."""

    folder: str
    trouble: str = ""
    advice: str = ""


class Reach:
    """One daemon's view of the artifact folder, told to the others through the store."""

    def __init__(self, store: Store, folder: Path, node: str) -> None:
        self._store = store
        self._folder = folder
        self._node = node

    async def look(self, at: float) -> Reached:
        """Look for the mark, agreeing on one if need be, and tell the others. Raises StoreUnavailable."""
        agreed, ours = await self._agreed(at)
        found = await aside(lambda: _look(self._folder, agreed, make=ours))
        told: JsonValue = {"folder": found.folder, "trouble": found.trouble, "advice": found.advice}
        if await self._store.value(_key(self._node)) != told:
            await self._store.put_value(_key(self._node), told)
        return found

    async def of(self, node: str) -> Reached | None:
        """What another node found when it last looked; None where it never did. Raises StoreUnavailable."""
        told = await self._store.value(_key(node))
        if not isinstance(told, dict):
            return None
        return Reached(*(str(told.get(name, "")) for name in ("folder", "trouble", "advice")))

    async def _agreed(self, at: float) -> tuple[str, bool]:
        """The mark, and whether we were the one to choose it."""
        for _ in range(3):
            events = await self._store.read(_STREAM)
            for event in events:
                if event.type == _MARKED:
                    return str(event.data["mark"]), False
            mark = secrets.token_hex(8)
            chosen = NewEvent(_MARKED, 1, "system:daemon", {"mark": mark}, at)
            try:
                await self._store.append(Append(_STREAM, len(events), (chosen,)))
            except Conflict:
                continue
            return mark, True
        raise RuntimeError("the daemons do not agree on a mark")  # each round somebody else wrote


def _look(folder: Path, mark: str, *, make: bool) -> Reached:
    file = folder / MARK
    again = f"mount there what the others have; if it is that one: echo {mark} > {file}"
    try:
        if make:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            file.write_text(f"{mark}\n", encoding="utf-8")
        found = file.read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        what = "is not there" if not folder.is_dir() else "is not the one that the other daemons use"
        return Reached(str(folder), f"the artifact folder {folder} {what}", again)
    except OSError as error:
        return Reached(str(folder), f"the artifact folder {folder} cannot be read: {error.strerror}", again)
    if found != mark:
        return Reached(str(folder), f"the artifact folder {folder} belongs to other daemons", again)
    return Reached(str(folder))


def _key(node: str) -> str:
    return f"reach:{node}"


async def keep_looking(reach: Reach, every: float = LOOK_EVERY) -> None:
    """Look now and from time to time, and say in the log where something is wrong, until cancelled."""
    while True:
        try:
            found = await reach.look(time.time())
            if found.trouble:
                log.error("%s; %s", found.trouble, found.advice)
        except StoreUnavailable as unavailable:
            log.debug("whether the artifacts are reached is not told: %s", unavailable)
        except Exception:  # the top of what only watches
            log.exception("whether the artifacts are reached could not be found out")
        await asyncio.sleep(every)
