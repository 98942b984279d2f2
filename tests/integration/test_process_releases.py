"""Release folders of the target `process`: unpacked once, never changed, gone with the last group that uses them."""

import asyncio
import io
import tarfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from rollway.api import Group, Node, PluginError
from rollway.testing.contracts.target import dead, effect
from rollway_plugins.process.releases import Releases
from rollway_plugins.process.target import ProcessTarget
from rollway_plugins.process.unpacking import unpack

GROUP = Group(
    id="group-1", application="shop", environment="prod", release="v1", settings={"command": "./app/run.sh"}
)


def tar(path: Path, said: str = "hello", name: str = "app/run.sh") -> str:
    """An artifact with one script that says this; its path."""
    content = f"#!/bin/sh\necho {said}\n".encode()
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o755
    with tarfile.open(path, "w") as archive:
        archive.addfile(member, io.BytesIO(content))
    return str(path)


@pytest.fixture
async def target(tmp_path: Path) -> AsyncIterator[ProcessTarget]:
    target = ProcessTarget(Node("here", tmp_path / "node"))
    await target.open()
    yield target
    for instance in await target.observe(GROUP.place):
        await target.stop(GROUP, instance.id, effect(0, epoch=99), hard=True)
    await target.close()


def unpacked(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "node/releases/shop").iterdir())


def everything(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*")}


async def test_a_command_runs_in_the_artifact(target: ProcessTarget, tmp_path: Path) -> None:
    await target.start(replace(GROUP, artifact=tar(tmp_path / "v1.tar")), "one", effect(1))
    await dead(target, GROUP, "one")
    assert list(await target.output(GROUP.place, "one")) == ["hello"]
    (name,) = unpacked(tmp_path)
    assert name.startswith("v1-")
    assert len(name) == len("v1-") + 12


async def test_starts_at_the_same_time_unpack_once(tmp_path: Path) -> None:
    unpackings: list[Path] = []

    def counting(artifact: Path, folder: Path) -> None:
        unpackings.append(folder)
        unpack(artifact, folder)

    releases = Releases(tmp_path / "node", counting)
    await releases.open()
    artifact = tar(tmp_path / "v1.tar")
    groups = [replace(GROUP, id=f"group-{number % 3}", artifact=artifact) for number in range(12)]
    folders = await asyncio.gather(*(releases.prepare(group) for group in groups))
    assert len(set(folders)) == len(unpackings) == 1


async def test_other_content_under_the_same_name_has_a_folder_of_its_own(
    target: ProcessTarget, tmp_path: Path
) -> None:
    await target.start(replace(GROUP, artifact=tar(tmp_path / "a.tar", "old")), "one", effect(1))
    other = replace(GROUP, id="group-2", artifact=tar(tmp_path / "b.tar", "new"))
    await target.start(other, "two", effect(2))
    await dead(target, GROUP, "one")
    await dead(target, GROUP, "two")
    assert [list(await target.output(GROUP.place, name)) for name in ("one", "two")] == [["old"], ["new"]]
    assert len(unpacked(tmp_path)) == 2


async def test_a_folder_is_never_unpacked_over(target: ProcessTarget, tmp_path: Path) -> None:
    group = replace(GROUP, artifact=tar(tmp_path / "v1.tar"))
    await target.start(group, "one", effect(1))
    (name,) = unpacked(tmp_path)
    written = tmp_path / "node/releases/shop" / name / "written-by-the-application"
    written.touch()
    await target.start(group, "two", effect(2))
    await target.start(replace(group, id="group-2"), "three", effect(3))
    assert written.exists()


async def test_the_artifact_is_needed_only_once(target: ProcessTarget, tmp_path: Path) -> None:
    group = replace(GROUP, artifact=tar(tmp_path / "v1.tar"))
    await target.start(group, "one", effect(1))
    (tmp_path / "v1.tar").unlink()
    await target.start(group, "two", effect(2))
    await dead(target, GROUP, "two")
    assert list(await target.output(GROUP.place, "two")) == ["hello"]


async def test_half_a_folder_is_swept_out(tmp_path: Path) -> None:
    half = tmp_path / "node/releases/shop/.unpacking-1"
    half.mkdir(parents=True)
    await Releases(tmp_path / "node", unpack).open()
    assert not half.exists()


@pytest.mark.parametrize("content", [b"", b"no tar at all"])
async def test_what_cannot_be_unpacked_is_said(target: ProcessTarget, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "v1.tar").write_bytes(content)
    with pytest.raises(PluginError):
        await target.start(replace(GROUP, artifact=str(tmp_path / "v1.tar")), "one", effect(1))
    assert unpacked(tmp_path) == []
    assert await target.observe(GROUP.place) == []


async def test_an_artifact_that_reaches_outside_is_refused(target: ProcessTarget, tmp_path: Path) -> None:
    artifact = tar(tmp_path / "v1.tar", name="../../../../evil.sh")
    with pytest.raises(PluginError):
        await target.start(replace(GROUP, artifact=artifact), "one", effect(1))
    assert "evil.sh" not in everything(tmp_path)


async def test_an_artifact_that_is_not_there_is_said(target: ProcessTarget, tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="is not on this node"):
        await target.start(replace(GROUP, artifact=str(tmp_path / "none.tar")), "one", effect(1))


async def test_the_last_group_takes_the_folder_with_it(target: ProcessTarget, tmp_path: Path) -> None:
    first = replace(GROUP, artifact=tar(tmp_path / "v1.tar"))
    second = replace(first, id="group-2")
    await target.start(first, "one", effect(1))
    await target.start(second, "two", effect(2))
    await target.forget(first.id, effect(3))
    assert len(unpacked(tmp_path)) == 1
    await target.forget(second.id, effect(4))
    assert unpacked(tmp_path) == []
