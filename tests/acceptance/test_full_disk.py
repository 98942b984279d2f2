"""The disk of the data folder is full: a bad release goes all the same, and is recorded once there is room."""

import asyncio
import errno
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollway.testing.traffic import Load
from tests.acceptance.harness import Site


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"this machine cannot: mount a small disk: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Take every byte that is left; the file to delete again."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError as error:
                assert error.errno == errno.ENOSPC  # noqa: PT017 - the loop ends with it
    return ballast


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
            ballast.unlink()
            rollout = await asyncio.to_thread(site.ended, id_)
            assert (rollout.phase, rollout.weight) == ("rolled_back", 0)
        assert [a for a in load.failures if a.release != "1.1"] == []
    finally:
        site.close()
