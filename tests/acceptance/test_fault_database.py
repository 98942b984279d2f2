"""The database is locked, has another daemon, or cannot be written. A full disk: test_full_disk.py."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from rollway.errors import RollwayError
from rollway.store import sqlite_url
from rollway.testing.traffic import Load
from tests.acceptance.disks import read_only
from tests.acceptance.faults import clean
from tests.acceptance.harness import Site, free_port
from tests.acceptance.test_controls import rollway

LONGER_THAN_SQLITE_WAITS = 7.0


@contextmanager
def locked(site: Site) -> Iterator[None]:
    """Somebody else keeps the database locked."""
    somebody = sqlite3.connect(site.data / "rollway.db", isolation_level=None, check_same_thread=False)
    somebody.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        somebody.execute("ROLLBACK")
        somebody.close()


def ready(site: Site) -> httpx.Response:
    return httpx.get(f"http://{site.api}/readyz", timeout=10)


async def test_a_database_locked_by_somebody_keeps_no_bad_release_in_traffic(
    bare: Site, tmp_path: Path
) -> None:
    bare.steps, flag = [{"weight": "25%", "hold": "60s"}], tmp_path / "flag"
    await asyncio.to_thread(bare.start)
    await asyncio.to_thread(bare.apply)
    await asyncio.to_thread(bare.stable)
    async with Load(bare.visitors, rate=200) as load:
        id_ = await asyncio.to_thread(bare.deploy, "1.1", breaks_with=str(flag))
        await asyncio.to_thread(bare.until, lambda: bare.rollout(id_).weight == 25, "the first weight")
        await load.reach(400)
        with locked(bare):
            since = load.clock
            flag.touch()
            await load.reach(400)
            gone = load.clock
            assert "the database did not answer" in ready(bare).text
            with pytest.raises(RollwayError, match="kept it locked"):
                await asyncio.to_thread(bare.apply)
            await load.reach(100)
            assert [a for a in load.attempts if a.at > gone and a.release == "1.1"] == []
            await asyncio.sleep(max(0.0, since + LONGER_THAN_SQLITE_WAITS - load.clock))
        rollout = await asyncio.to_thread(bare.ended, id_)
        assert (rollout.phase, rollout.weight) == ("rolled_back", 0)
        assert ready(bare).status_code == 200
    assert [a for a in load.failures if a.release != "1.1"] == []


def test_a_database_locked_for_ever_is_told_by_a_daemon_that_starts(site: Site) -> None:
    site.stable()
    assert site.stop() == 0
    with locked(site):
        done = rollway(site, "daemon", "--listen", str(site.api), "--data", str(site.data))
    assert done.returncode == 1
    assert f"{site.data / 'rollway.db'} cannot be used: another process has kept it locked" in clean(
        done.stderr
    )
    assert httpx.get(f"http://{site.visitors}/").text == "this is 1.0"


def test_a_database_file_has_one_daemon_by_whatever_name(bare: Site, tmp_path: Path) -> None:
    bare.start()
    file, link = bare.data / "rollway.db", tmp_path / "link.db"
    link.symlink_to(file)
    other = ["daemon", "--listen", f"127.0.0.1:{free_port()}", "--data", str(tmp_path / "other")]
    for name in (file, link):
        done = rollway(bare, *other, "--database", sqlite_url(name))
        assert done.returncode == 8
        assert f"{file} is held by another daemon, process {bare.pid}" in clean(done.stderr)
        assert "--database" in done.stderr
    bare.kill()
    bare.start()


async def test_a_data_folder_that_turns_read_only(site: Site, tmp_path: Path) -> None:
    site.steps, flag = [{"weight": "25%", "hold": "60s"}], tmp_path / "flag"
    await asyncio.to_thread(site.apply)
    await asyncio.to_thread(site.stable)
    async with Load(site.visitors, rate=100) as load:
        id_ = await asyncio.to_thread(site.deploy, "1.1", breaks_with=str(flag))
        await asyncio.to_thread(site.until, lambda: site.rollout(id_).weight == 25, "the first weight")
        with read_only(site.data):
            flag.touch()
            await asyncio.to_thread(
                site.until, lambda: "Read-only file system" in site.log, "the daemon says why", every=0.2
            )
        rollout = await asyncio.to_thread(site.ended, id_)
        assert (rollout.phase, rollout.weight) == ("rolled_back", 0)
        assert await asyncio.to_thread(site.stop) == 0
        with read_only(site.data):
            done = await asyncio.to_thread(
                rollway, site, "daemon", "--listen", str(site.api), "--data", str(site.data)
            )
        assert done.returncode == 1
        assert f"{site.data} cannot be written: Read-only file system" in clean(done.stderr)
        await load.reach(50)
    assert [a for a in load.failures if a.release != "1.1"] == []
