"""A rollout that an older version began is brought to its end by this one."""

import asyncio
import platform
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from rollway.artifact import pack
from rollway.testing.traffic import Load
from tests.acceptance.harness import APPLICATION, Site
from tests.corpus.logs import Kept, kept

ENDS = {
    "canary-02-wait": ("promoted", {"1.1": 2}),
    # It had traffic, and this node's router knows nothing of it: it may have been lowered, so it is not raised again.
    "canary-04-watch": ("rolled_back", {"1.0": 2}),
    "bad-being-taken-back": ("rolled_back", {"1.0": 2}),
}
LOGS = [log for log in kept() if log.name in ENDS]


@pytest.mark.parametrize("log", LOGS, ids=lambda log: f"{log.version}/{log.name}")
async def test_what_was_under_way_is_carried_to_its_end(log: Kept, bare: Site) -> None:
    id_ = put(log, bare)
    end, left = ENDS[log.name]
    await asyncio.to_thread(bare.start)
    await asyncio.to_thread(bare.until, lambda: sum(bare.running().values()) >= 2, "instances")
    async with Load(bare.visitors, rate=100):
        rollout = await asyncio.to_thread(bare.ended, id_)
    assert rollout.phase == end
    await asyncio.to_thread(bare.until, lambda: bare.running() == left, f"only {left}", every=0.2)
    finished = [e.data["step"] for e in bare.events(id_) if e.type == "StepFinished"]
    assert finished == list(range(1, len(finished) + 1))


def put(log: Kept, site: Site) -> str:
    """The database and the artifact where the daemon looks for them; the rollout that is under way."""
    site.data.mkdir()
    sql = log.sql(
        folder=str(site.folder), python=sys.executable, visitors=str(site.visitors), node=platform.node()
    )
    with closing(sqlite3.connect(site.data / "rollway.db")) as connection:
        connection.executescript(sql)
        [(stream,)] = connection.execute("SELECT stream FROM summaries WHERE kind = 'rollout' AND NOT ended")
        artifacts = connection.execute(
            "SELECT DISTINCT data ->> 'artifact' FROM events WHERE type = 'RolloutAdmitted'"
        )
        for (path,) in artifacts.fetchall():
            give(site, Path(path))
    return str(stream).partition(":")[2]


def give(site: Site, path: Path) -> None:
    """An artifact in the place of one that is long gone."""
    source = site.folder / "source"
    shutil.copytree(APPLICATION, source, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    (source / "behaviour.json").write_text("{}")
    path.parent.mkdir(parents=True, exist_ok=True)
    pack(source, path)
