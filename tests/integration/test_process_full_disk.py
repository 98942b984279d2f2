"""The target `process` on a disk without a free byte."""

import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from rollway.api import Group, Node, PluginError
from rollway.testing.contracts.target import effect
from rollway_plugins.process.target import ProcessTarget

GROUP = Group(
    id="group-1", application="shop", environment="prod", release="v1", settings={"command": "sleep 1000"}
)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this machine cannot: mount a file system of its own (it needs root)")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


@pytest.fixture
async def target(disk: Path) -> AsyncIterator[ProcessTarget]:
    target = ProcessTarget(Node("here", disk / "node"))
    await target.open()
    yield target
    for instance in await target.observe(GROUP.place):
        await target.stop(GROUP, instance.id, effect(0, epoch=99), hard=True)
    await target.close()


def fill(disk: Path) -> Path:
    """Leave no byte; the file to remove."""
    ballast = disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1024))
    return ballast


async def test_nothing_new_starts_and_everything_can_be_stopped(target: ProcessTarget, disk: Path) -> None:
    await target.start(GROUP, "old", effect(1))
    ballast = fill(disk)
    with pytest.raises(PluginError, match=r"No space left on device.*free some space"):
        await target.start(GROUP, "new", effect(2))
    assert [instance.id for instance in await target.observe(GROUP.place)] == ["old"]
    await target.stop(GROUP, "old", effect(3))
    assert await target.observe(GROUP.place) == []
    ballast.unlink()
    await target.start(GROUP, "new", effect(4))
    assert [instance.id for instance in await target.observe(GROUP.place)] == ["new"]


async def test_a_daemon_comes_back_to_a_full_disk(target: ProcessTarget, disk: Path) -> None:
    await target.start(GROUP, "old", effect(1))
    ballast = fill(disk)
    again = ProcessTarget(Node("here", disk / "node"))
    await again.open()
    assert [instance.id for instance in await again.observe(GROUP.place)] == ["old"]
    await again.stop(GROUP, "old", effect(1, epoch=2), hard=True)
    await again.close()
    ballast.unlink()
