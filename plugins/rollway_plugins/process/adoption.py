"""What a daemon that comes back makes of what it finds on disk and among the processes."""

import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from rollway_plugins.process import kernel
from rollway_plugins.process.kernel import Identity, Status
from rollway_plugins.process.marks import Mark, marked
from rollway_plugins.process.records import Kept, Life, Records
from rollway_plugins.process.spawning import never_begins, somebody_writes

_EXEC_PATIENCE = 5.0
_RETRY = 0.01

GONE = "ended while no daemon was there to see it"
REBOOTED = "ended with a restart of this machine"
NEVER = "never started: the daemon ended after recording it and before starting it"


@dataclass(frozen=True, slots=True)
class Scene:
    """The processes of this machine by their mark, and the boot this is."""

    boot: str
    marked: Mapping[Mark, Sequence[Status]]


def look() -> Scene:
    """The scene now."""
    return Scene(kernel.boot_id(), marked())


def adopt_all(records: Records) -> list[Kept]:
    """Every instance on disk as it is now, and kept so; folders of half a record are swept out. Blocks."""
    scene = look()
    return [kept for each in records.read() if (kept := _adopt_one(records, each, scene)) is not None]


def _adopt_one(records: Records, each: Kept | Path, scene: Scene) -> Kept | None:
    if isinstance(each, Path):  # the daemon ended before the record was whole: nothing was started
        shutil.rmtree(each, ignore_errors=True)
        return None
    if each.stopped:
        return each
    life = adopt(each, scene)
    if life != each.life:
        with suppress(OSError):
            records.write_life(each.record.id, life)
    return replace(each, life=life)


def adopt(kept: Kept, scene: Scene) -> Life:
    """What this instance is now: its process, confirmed, or how it ended. Blocks: call it in a thread.

    Where the daemon ended between starting it and recording its process, the process is found by the instance's id in
    its environment; where it was forked and has not executed its command yet, that is waited for.
    """
    life = kept.life
    if life.ended:
        return life
    if kept.record.boot != scene.boot:
        return replace(life, ended=REBOOTED)
    if life.process is None:
        found = _found(kept, scene)
        return replace(life, process=found) if found else replace(life, ended=_unseen(kept))
    if kernel.is_alive(life.process):
        return life
    return replace(life, ended=kernel.reap(life.process) or GONE)


def _unseen(kept: Kept) -> str:
    return NEVER if never_begins(Path(kept.record.log)) else GONE


def _found(kept: Kept, scene: Scene) -> Identity | None:
    leader = first(scene.marked.get(kept.record.mark, ()))
    deadline = time.monotonic() + _EXEC_PATIENCE
    while leader is None and somebody_writes(Path(kept.record.log)) and time.monotonic() < deadline:
        leader = first(marked().get(kept.record.mark, ()))
        time.sleep(_RETRY)
    return Identity(leader.pid, leader.started, scene.boot) if leader else None


def first(processes: Sequence[Status]) -> Status | None:
    """Of an instance's processes the one that was started by the daemon: it leads its session and is no other's child."""
    pids = {process.pid for process in processes}
    leaders = [process for process in processes if process.session == process.pid]
    return min(leaders, key=lambda process: (process.parent in pids, process.started), default=None)
