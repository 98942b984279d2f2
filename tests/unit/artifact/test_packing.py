"""Packing is deterministic, unpacking is its inverse, and both refuse what is not content."""

import gzip
import os
import shutil
import socket
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollway.artifact import Bounds, pack, unpack
from rollway.errors import (
    ArtifactError,
    ArtifactTooLargeError,
    DigestMismatchError,
    UnsafeArtifactError,
)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    (folder / "app" / "empty").mkdir(parents=True)
    (folder / "app" / "server.py").write_text("print('hello')\n")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    (folder / "current").symlink_to("app/server.py")
    (folder / "größe.txt").write_text("ß")
    return folder


def names(tar: Path) -> list[str]:
    with tarfile.open(tar) as archive:
        return archive.getnames()


def test_the_same_content_gives_the_same_digest_at_any_time(shop: Path, tmp_path: Path) -> None:
    first = pack(shop, tmp_path / "1.tar")
    copy = shutil.copytree(shop, tmp_path / "other" / "place", symlinks=True)
    os.utime(copy / "run.sh", (1, 1))
    second = pack(copy, tmp_path / "2.tar")
    assert first.digest == second.digest
    assert first.size == (tmp_path / "1.tar").stat().st_size
    (copy / "run.sh").chmod(0o644)
    assert pack(copy, tmp_path / "3.tar").digest != first.digest


def test_no_times_no_owners_sorted(shop: Path, tmp_path: Path) -> None:
    packed = pack(shop, tmp_path / "a.tar")
    with tarfile.open(packed.path) as archive:
        members = archive.getmembers()
    assert [each.name for each in members] == sorted(each.name for each in members)
    assert {(each.mtime, each.uid, each.gid, each.uname, each.gname) for each in members} == {
        (0, 0, 0, "", "")
    }


def as_tar(shop: Path, to: Path) -> Path:
    with tarfile.open(to, "w") as archive:
        archive.add(shop, ".")
    return to


def as_tar_gz(shop: Path, to: Path) -> Path:
    with tarfile.open(to, "w:gz") as archive:
        for path in sorted(shop.rglob("*"), reverse=True):
            archive.add(path, f"./{path.relative_to(shop)}", recursive=False)
    return to


def as_zip(shop: Path, to: Path) -> Path:
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(shop.rglob("*")):
            member = zipfile.ZipInfo(str(path.relative_to(shop)) + ("/" if path.is_dir() else ""))
            member.external_attr = path.lstat().st_mode << 16
            content = (
                b""
                if path.is_dir()
                else os.fsencode(path.readlink())
                if path.is_symlink()
                else path.read_bytes()
            )
            archive.writestr(member, content)
    return to


@pytest.mark.parametrize(
    ("ending", "make"), [(".tar", as_tar), (".tar.gz", as_tar_gz), (".tgz", as_tar_gz), (".zip", as_zip)]
)
def test_archives_have_the_digest_of_their_content(
    shop: Path, tmp_path: Path, ending: str, make: Callable[[Path, Path], Path]
) -> None:
    archive = make(shop, tmp_path / f"shop{ending}")
    assert pack(archive, tmp_path / "out.tar").digest == pack(shop, tmp_path / "folder.tar").digest
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(
        ["shop", archive.name, "out.tar", "folder.tar"]
    )


def test_unpacked_is_what_was_packed(shop: Path, tmp_path: Path) -> None:
    packed = pack(shop, tmp_path / "a.tar")
    unpack(packed.path, tmp_path / "release", digest=packed.digest)
    assert (tmp_path / "release" / "current").read_text() == "print('hello')\n"
    assert stat.S_IMODE((tmp_path / "release" / "run.sh").stat().st_mode) == 0o755
    assert (tmp_path / "release" / "app" / "empty").is_dir()
    assert pack(tmp_path / "release", tmp_path / "b.tar").digest == packed.digest


NAME = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=30).filter(
    lambda name: name not in (".", "..") and len(name.encode()) < 200
)


@settings(max_examples=12, deadline=None)
@given(
    files=st.dictionaries(
        st.tuples(NAME, NAME),
        st.tuples(st.binary(max_size=2000), st.sampled_from([0o644, 0o755, 0o600])),
        min_size=1,
    )
)
def test_pack_unpack_pack_is_the_identity(
    tmp_path_factory: pytest.TempPathFactory, files: dict[tuple[str, str], tuple[bytes, int]]
) -> None:
    place = tmp_path_factory.mktemp("law")
    for (folder, name), (content, mode) in files.items():
        path = place / "in" / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(mode)
    first = pack(place / "in", place / "1.tar")
    unpack(first.path, place / "out")
    assert pack(place / "out", place / "2.tar").digest == first.digest
    shutil.rmtree(place)


def test_the_default_artifact_leaves_out_what_git_ignores(shop: Path, tmp_path: Path) -> None:
    for name in (
        ".git/HEAD",
        ".venv/bin/python",
        ".rollway/db",
        "build/x",
        "app/__pycache__/x.pyc",
        "app/keep.log",
        "b.log",
    ):
        (shop / name).parent.mkdir(parents=True, exist_ok=True)
        (shop / name).write_text("x")
    (shop / ".gitignore").write_text("build/\n*.log\n__pycache__\n")
    (shop / "app" / ".gitignore").write_text("!keep.log\n")
    packed = names(pack(shop, tmp_path / "a.tar", everything=False).path)
    assert packed == [
        ".gitignore", "app", "app/.gitignore", "app/empty", "app/keep.log", "app/server.py", "current",
        "größe.txt", "run.sh",
    ]  # fmt: skip
    assert ".venv/bin/python" in names(pack(shop, tmp_path / "b.tar").path)


def test_the_archive_being_written_is_not_in_itself(shop: Path) -> None:
    assert "out.tar" not in names(pack(shop, shop / "out.tar").path)


def test_a_socket_is_refused_by_name(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("control.sock")
        with pytest.raises(UnsafeArtifactError, match=r"'control\.sock' is a socket"):
            pack(shop, tmp_path / "a.tar")


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside", "app/../../outside"])
def test_a_link_that_leaves_the_folder_is_refused(shop: Path, tmp_path: Path, target: str) -> None:
    (shop / "escape").symlink_to(target)
    with pytest.raises(UnsafeArtifactError, match="'escape' leads out of the artifact"):
        pack(shop, tmp_path / "a.tar")
    assert [each.name for each in tmp_path.iterdir()] == ["shop"]


@pytest.mark.parametrize(
    ("source", "says"),
    [("missing", "no such file or folder"), ("notes.txt", "neither a folder nor"), ("void", "nothing in it")],
)
def test_what_is_no_artifact_is_said(tmp_path: Path, source: str, says: str) -> None:
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "void").mkdir()
    with pytest.raises(ArtifactError, match=says):
        pack(tmp_path / source, tmp_path / "a.tar")


def test_bounds_hold_when_packing(shop: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtifactTooLargeError, match="more than 3 files"):
        pack(shop, tmp_path / "a.tar", bounds=Bounds(members=3))
    with pytest.raises(ArtifactTooLargeError, match="more than 10 bytes"):
        pack(shop, tmp_path / "a.tar", bounds=Bounds(bytes=10))
    assert not (tmp_path / "a.tar").exists()


def test_content_other_than_its_digest_is_refused(shop: Path, tmp_path: Path) -> None:
    packed = pack(shop, tmp_path / "a.tar")
    with pytest.raises(DigestMismatchError):
        unpack(packed.path, tmp_path / "release", digest="sha256:" + "0" * 64)
    assert not (tmp_path / "release").exists()


def test_a_folder_that_exists_is_left_as_it_is(shop: Path, tmp_path: Path) -> None:
    packed = pack(shop, tmp_path / "a.tar")
    unpack(packed.path, tmp_path / "release")
    (tmp_path / "release" / "run.sh").write_text("changed")
    unpack(packed.path, tmp_path / "release")
    assert (tmp_path / "release" / "run.sh").read_text() == "changed"


@pytest.mark.parametrize(
    "damage",
    [b"", b"no archive at all", b"PK\x03\x04broken", gzip.compress(b"x" * 5000, mtime=0)[:30]],
    ids=["empty", "text", "a broken zip", "half a gzip"],
)
def test_a_damaged_archive_is_said_and_leaves_nothing(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "a.tar").write_bytes(damage)
    with pytest.raises(ArtifactError, match=r"a\.tar is damaged or no archive|nothing in it"):
        unpack(tmp_path / "a.tar", tmp_path / "release")
    assert [each.name for each in tmp_path.iterdir()] == ["a.tar"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this machine cannot: it has no /dev/full")
def test_a_full_disk_is_said(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = pack(shop, tmp_path / "a.tar")
    real_open = os.open

    def on_a_full_disk(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        return real_open(
            "/dev/full" if flags & os.O_CREAT and "server.py" in str(path) else path,
            flags & ~os.O_EXCL,
            mode,
            dir_fd=dir_fd,
        )

    monkeypatch.setattr(os, "open", on_a_full_disk)
    monkeypatch.setattr(Path, "chmod", lambda *_: None)  # not of /dev/full
    with pytest.raises(ArtifactError, match="no space left") as caught:
        unpack(packed.path, tmp_path / "release")
    assert caught.value.advice
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.tar", "shop"]


def test_names_that_are_long_or_no_utf_8_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    deep = folder / ("d" * 120) / ("e" * 120)
    deep.mkdir(parents=True)
    (deep / ("f" * 200)).write_text("x")
    try:
        Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe")).write_text("y")
    except OSError:
        pytest.skip("this machine cannot: its file system takes names in UTF-8 only")
    packed = pack(folder, tmp_path / "a.tar")
    unpack(packed.path, tmp_path / "out")
    assert pack(tmp_path / "out", tmp_path / "b.tar").digest == packed.digest


def test_a_file_that_shrinks_while_it_is_packed_is_said(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_fstat = os.fstat

    class Larger:
        st_size = 1000

    def fstat(handle: int) -> object:
        target = os.readlink(f"/proc/self/fd/{handle}")  # noqa: PTH115 - of a handle
        return Larger() if target.endswith("server.py") else real_fstat(handle)

    monkeypatch.setattr(os, "fstat", fstat)
    with pytest.raises(ArtifactError, match=r"'app/server\.py' changed while it was packed"):
        pack(shop, tmp_path / "a.tar")
    assert [each.name for each in tmp_path.iterdir()] == ["shop"]
