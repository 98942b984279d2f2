"""The artifact folder: whether two daemons that name the same path reach the same folder."""

from pathlib import Path

import pytest

from rollway.daemon.reach import MARK, Reach
from rollway.testing.memory_store import MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


async def test_one_folder_is_reached_from_both(store: MemoryStore, tmp_path: Path) -> None:
    one, other = (Reach(store, tmp_path / "artifacts", node) for node in ("web-6", "web-7"))
    assert await one.of("web-6") is None
    assert (await one.look(1.0)).trouble == ""
    assert (await other.look(2.0)).trouble == ""
    told = await one.of("web-7")
    assert told is not None
    assert (told.folder, told.trouble) == (str(tmp_path / "artifacts"), "")


async def test_another_folder_is_not_the_one(store: MemoryStore, tmp_path: Path) -> None:
    await Reach(store, tmp_path / "shared", "web-6").look(1.0)
    apart = tmp_path / "apart"
    elsewhere = Reach(store, apart, "web-7")
    found = await elsewhere.look(2.0)
    assert found.trouble == f"the artifact folder {apart} is not there"
    apart.mkdir()
    assert "is not the one that the other daemons use" in (await elsewhere.look(3.0)).trouble
    (apart / MARK).write_text("of somebody else\n")
    found = await elsewhere.look(4.0)
    assert "belongs to other daemons" in found.trouble
    assert await elsewhere.of("web-7") == found, "the others may read it"
    command = found.advice.partition("echo ")[2]
    (apart / MARK).write_text(command.partition(" >")[0])
    assert (await elsewhere.look(5.0)).trouble == "", "what it says to do helps"


async def test_a_folder_that_cannot_be_read_is_said(store: MemoryStore, tmp_path: Path) -> None:
    await Reach(store, tmp_path / "shared", "web-6").look(1.0)
    (tmp_path / "odd" / MARK).mkdir(parents=True)
    found = await Reach(store, tmp_path / "odd", "web-7").look(2.0)
    assert "cannot be read: Is a directory" in found.trouble
