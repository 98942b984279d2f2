"""Where an Envoy's sockets are, and that nothing is left of those that are gone."""

import tempfile
from pathlib import Path

import pytest

from rollway_plugins.envoy import sockets
from rollway_plugins.envoy.launch import Launch


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this machine keeps temporary files."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which there can be no sockets."""
    monkeypatch.setattr(sockets, "LONGEST", 10)
    folder = tmp_path / "node"
    folder.mkdir()
    return folder


def launched(folder: Path, epoch: int = 0, place: Path | None = None) -> Launch:
    """One that was started and has made its sockets."""
    binary = folder / "envoy"
    binary.touch()
    launch = Launch(binary, "here", folder, place or sockets.place(folder), epoch)
    launch.write()
    launch.admin.touch()
    (launch.sockets / "hot_parent_10").touch()
    return launch


def test_a_short_folder_has_them_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "LONGEST", 1_000)
    assert sockets.place(tmp_path) == tmp_path


def test_one_that_follows_has_them_where_the_last_one_had(long: Path, elsewhere: Path) -> None:
    first = launched(long)
    assert first.sockets.parent == elsewhere
    assert launched(long, epoch=1).sockets == first.sockets
    assert list(elsewhere.iterdir()) == [first.sockets]


def test_a_place_that_is_gone_or_anothers_is_not_taken(long: Path, elsewhere: Path) -> None:
    first = launched(long)
    first.sockets.rename(elsewhere / "theirs")
    first.sockets.symlink_to(elsewhere / "theirs")
    assert sockets.place(long) not in (first.sockets, elsewhere / "theirs")


def test_of_those_that_are_gone_nothing_is_left(long: Path, elsewhere: Path) -> None:
    launched(long)
    launched(long, epoch=1)
    sockets.forget(long)
    assert list(elsewhere.iterdir()) == []
    assert [path.name for path in long.iterdir()] == ["envoy"]


def test_of_the_one_that_serves_everything_is_left(long: Path, elsewhere: Path) -> None:
    former = launched(long)
    now = launched(long, epoch=1)
    sockets.forget(long, keep=now.document_path)
    assert {path.name for path in now.sockets.iterdir()} == {"admin-1.sock", "hot_parent_10"}
    assert (former.document_path.exists(), now.document_path.exists()) == (False, True)


def test_a_place_that_is_no_longer_used_is_removed(long: Path, elsewhere: Path) -> None:
    launched(long, epoch=3)
    now = launched(long, place=Path(tempfile.mkdtemp()))
    sockets.forget(long, keep=now.document_path)
    assert list(elsewhere.iterdir()) == [now.sockets]


def test_what_others_put_there_stays(long: Path, elsewhere: Path) -> None:
    place = launched(long).sockets
    (place / "thesis.txt").touch()
    sockets.forget(long)
    assert [path.name for path in place.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("document", ["", "[]", '{"admin": 3}', '{"admin": {}, "node": 3}', "{"])
def test_a_bootstrap_that_tells_nothing_is_passed_over(long: Path, elsewhere: Path, document: str) -> None:
    (long / "bootstrap-0.json").write_text(document)
    sockets.forget(long)
    assert sockets.place(long).parent == elsewhere
