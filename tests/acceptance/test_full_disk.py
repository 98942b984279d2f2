"""The disk of the data folder is full: a bad release goes all the same, and is recorded once there is room."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from rollway.errors import RollwayError
from rollway.testing.traffic import Load
from tests.acceptance.disks import fill, small_disk
from tests.acceptance.harness import Site


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    with small_disk(tmp_path / "disk") as folder:
        yield folder


async def test_a_release_that_turns_bad_on_a_full_disk_loses_its_traffic_at_once(
    tmp_path: Path, disk: Path
) -> None:
    site = Site(disk, steps=[{"weight": "25%", "hold": "60s"}])
    flag = tmp_path / "flag"
    try:
        await asyncio.to_thread(site.start)
        await asyncio.to_thread(site.apply)
        await asyncio.to_thread(site.stable)
        async with Load(site.visitors, rate=300) as load:
            id_ = await asyncio.to_thread(site.deploy, "1.1", breaks_with=str(flag))
            await asyncio.to_thread(site.until, lambda: site.rollout(id_).weight == 25, "the first weight")
            await load.reach(600)
            ballast = await asyncio.to_thread(fill, disk)
            flag.touch()
            await load.reach(900)
            gone = load.clock
            await load.reach(300)
            assert [a for a in load.attempts if a.at > gone and a.release == "1.1"] == []
            assert site.rollout(id_).phase != "rolled_back", "there is no room to record it"
            assert "the disk is full" in (await asyncio.to_thread(not_ready, site))
            with site.client as client, pytest.raises(RollwayError, match="disk is full"):
                await asyncio.to_thread(client.pause, id_)
            ballast.unlink()
            rollout = await asyncio.to_thread(site.ended, id_)
            assert (rollout.phase, rollout.weight) == ("rolled_back", 0)
        assert [a for a in load.failures if a.release != "1.1"] == []
    finally:
        site.close()


async def test_a_daemon_that_starts_on_a_full_disk_goes_on_by_itself_once_there_is_room(
    tmp_path: Path, disk: Path
) -> None:
    site = Site(disk, steps=[{"weight": "25%", "hold": "60s"}])
    flag = tmp_path / "flag"
    try:
        await asyncio.to_thread(site.start)
        await asyncio.to_thread(site.apply)
        await asyncio.to_thread(site.stable)
        async with Load(site.visitors, rate=100) as load:
            id_ = await asyncio.to_thread(site.deploy, "1.1", breaks_with=str(flag))
            await asyncio.to_thread(site.until, lambda: site.rollout(id_).weight == 25, "the first weight")
            await asyncio.to_thread(site.kill)
            ballast = await asyncio.to_thread(fill, disk)
            await asyncio.to_thread(site.start)
            assert "the disk is full" in await asyncio.to_thread(not_ready, site)
            flag.touch()
            ballast.unlink()
            rollout = await asyncio.to_thread(site.ended, id_)
            assert (rollout.phase, rollout.weight) == ("rolled_back", 0)
        assert [a for a in load.failures if a.release != "1.1"] == []
    finally:
        site.close()


def not_ready(site: Site) -> str:
    """Why the daemon is not ready; it has to be so."""
    answer = httpx.get(f"http://{site.api}/readyz", timeout=10)
    assert answer.status_code == 503
    return answer.text
