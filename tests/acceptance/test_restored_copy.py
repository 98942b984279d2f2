"""A backup is put back while what was delivered since goes on running: the daemon says so, and no request is lost."""

import asyncio
import shutil
from pathlib import Path

from rollway.testing.traffic import Load
from tests.acceptance.harness import Site
from tests.acceptance.test_controls import rollway


def restore(site: Site, copy: Path) -> None:
    """As docs/how-to/run-the-daemon.md says."""
    for name in ("rollway.db", "rollway.db-wal", "rollway.db-shm"):
        (site.data / name).unlink(missing_ok=True)
    shutil.copy(copy, site.data / "rollway.db")


async def test_what_was_delivered_since_serves_until_the_release_of_the_copy_can(
    bare: Site, tmp_path: Path
) -> None:
    bare.steps = [{"weight": "25%", "hold": "2s"}]
    await asyncio.to_thread(bare.start)
    await asyncio.to_thread(bare.apply)
    await asyncio.to_thread(bare.stable)
    copy = tmp_path / "copy.db"
    done = await asyncio.to_thread(rollway, bare, "db", "backup", str(copy), "--data", str(bare.data))
    assert done.returncode == 0, done.stderr
    async with Load(bare.visitors, rate=100) as load:
        id_ = await asyncio.to_thread(bare.deploy, "1.1")
        assert (await asyncio.to_thread(bare.ended, id_)).phase == "promoted"
        await asyncio.to_thread(bare.until, lambda: bare.running() == {"1.1": 2}, "only 1.1", every=0.2)
        assert await asyncio.to_thread(bare.stop) == 0
        await asyncio.to_thread(restore, bare, copy)
        await asyncio.to_thread(bare.start)
        await asyncio.to_thread(bare.until, lambda: bare.running() == {"1.0": 2}, "only 1.0", every=0.2)
        back = load.clock
        await load.reach(50)
        assert {a.release for a in load.attempts if a.at > back} == {"1.0"}
        assert "restored from an older copy" in bare.log
        id_ = await asyncio.to_thread(bare.deploy, "1.2")
        assert (await asyncio.to_thread(bare.ended, id_)).phase == "promoted"
    assert load.failures == []


async def test_a_canary_that_the_copy_does_not_know_loses_its_traffic_and_what_it_knows_is_adopted(
    bare: Site, tmp_path: Path
) -> None:
    bare.steps = [{"weight": "25%", "hold": "60s"}]
    await asyncio.to_thread(bare.start)
    await asyncio.to_thread(bare.apply)
    await asyncio.to_thread(bare.stable)
    copy = tmp_path / "copy.db"
    await asyncio.to_thread(rollway, bare, "db", "backup", str(copy), "--data", str(bare.data))
    before = {process.pid for process in bare.processes()}
    async with Load(bare.visitors, rate=100) as load:
        id_ = await asyncio.to_thread(bare.deploy, "1.1")
        await asyncio.to_thread(bare.until, lambda: bare.rollout(id_).weight == 25, "the first weight")
        await asyncio.to_thread(bare.kill)
        await asyncio.to_thread(restore, bare, copy)
        await asyncio.to_thread(bare.start)
        await asyncio.to_thread(bare.until, lambda: bare.running() == {"1.0": 2}, "only 1.0", every=0.2)
        assert {process.pid for process in bare.processes()} == before
    assert load.failures == []
