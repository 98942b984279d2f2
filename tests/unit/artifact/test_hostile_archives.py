"""Archives made to reach outside, to fill the disk or to confuse."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from rollway.artifact import Bounds, unpack
from rollway.errors import ArtifactError, ArtifactTooLargeError, UnsafeArtifactError

Entry = tuple[str, bytes, str | bytes]


def tar_of(path: Path, *entries: Entry) -> Path:
    """Each entry: name, tarfile's type, content or the link's target."""
    with tarfile.open(path, "w") as archive:
        for name, kind, content in entries:
            member = tarfile.TarInfo(name)
            member.type = kind
            if isinstance(content, str):
                member.linkname = content
                archive.addfile(member)
            else:
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return path


FILE, LINK, HARD, DEVICE, PIPE, FOLDER = (
    tarfile.REGTYPE,
    tarfile.SYMTYPE,
    tarfile.LNKTYPE,
    tarfile.CHRTYPE,
    tarfile.FIFOTYPE,
    tarfile.DIRTYPE,
)


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ([("../evil", FILE, b"x")], "outside of it"),
        ([("a/../../evil", FILE, b"x")], "outside of it"),
        ([("/evil", FILE, b"x")], "outside of it"),
        ([("..", FOLDER, "")], "outside of it"),
        ([("out", LINK, "../..")], "leads out"),
        ([("out", LINK, "/etc")], "leads out"),
        ([("here", LINK, "."), ("here/evil", FILE, b"x")], "as a folder and as something else"),
        ([("a/b/up", LINK, "../.."), ("out", LINK, "a/b/up/../x")], "through other links"),
        ([("twice", FILE, b"1"), ("twice", FILE, b"2")], "twice"),
        ([("f", FILE, b"1"), ("f/g", FILE, b"2")], "as a folder and as something else"),
        ([("l", LINK, "x"), ("l", FILE, b"2")], "twice"),
        ([("hard", HARD, "../../etc/passwd")], "outside of it"),
        ([("hard", HARD, "later"), ("later", FILE, b"")], "no file before it"),
        ([("null", DEVICE, "")], "device or pipe"),
        ([("pipe", PIPE, "")], "device or pipe"),
    ],
)
def test_what_reaches_outside_is_refused(tmp_path: Path, entries: list[Entry], says: str) -> None:
    archive = tar_of(tmp_path / "a.tar", *entries)
    with pytest.raises(UnsafeArtifactError, match=says):
        unpack(archive, tmp_path / "release")
    assert [each.name for each in tmp_path.iterdir()] == ["a.tar"]


def test_a_zip_that_reaches_outside_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("../evil", b"x")
    with pytest.raises(UnsafeArtifactError, match="outside of it"):
        unpack(tmp_path / "a.zip", tmp_path / "release")


def test_a_link_in_a_zip_that_leads_out_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        member = zipfile.ZipInfo("out")
        member.external_attr = 0o120777 << 16
        archive.writestr(member, "/etc")
    with pytest.raises(UnsafeArtifactError, match="leads out"):
        unpack(tmp_path / "a.zip", tmp_path / "release")


def test_links_that_stay_inside_are_kept_even_dangling_ones(tmp_path: Path) -> None:
    archive = tar_of(
        tmp_path / "a.tar",
        ("a/f", FILE, b"1"),
        ("a/l", LINK, "../a/f"),
        ("d", LINK, "gone"),
        ("h", HARD, "a/f"),
    )
    unpack(archive, tmp_path / "release")
    assert (tmp_path / "release/a/l").read_bytes() == b"1"
    assert (tmp_path / "release/h").read_bytes() == b"1"
    assert (tmp_path / "release/d").is_symlink()


def bomb_tar_gz(path: Path) -> Path:
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w") as archive:
        member = tarfile.TarInfo("zeros")
        member.size = 3_000_000
        archive.addfile(member, io.BytesIO(bytes(member.size)))
    path.write_bytes(gzip.compress(inner.getvalue()))
    return path


def bomb_zip(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(3_000_000))
    return path


@pytest.mark.parametrize("make", [bomb_tar_gz, bomb_zip])
def test_a_bomb_stops_at_the_bounds(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    archive = make(tmp_path / "bomb")
    with pytest.raises(ArtifactTooLargeError, match="more than 1000000 bytes"):
        unpack(archive, tmp_path / "release", bounds=Bounds(bytes=1_000_000, members=10))
    assert [each.name for each in tmp_path.iterdir()] == ["bomb"]


def test_many_members_stop_at_the_bounds(tmp_path: Path) -> None:
    archive = tar_of(tmp_path / "a.tar", *((f"d{index}/e/f", FILE, b"") for index in range(10)))
    with pytest.raises(ArtifactTooLargeError, match="more than 20"):
        unpack(archive, tmp_path / "release", bounds=Bounds(members=20))


def test_a_header_of_any_announced_size_is_not_read_into_memory(tmp_path: Path) -> None:
    header = tarfile.TarInfo("././@PaxHeader")
    header.type = tarfile.XHDTYPE
    header.size = 1 << 32
    (tmp_path / "a.tar").write_bytes(header.tobuf(tarfile.GNU_FORMAT))
    with pytest.raises(UnsafeArtifactError, match="header of more than 1 MiB"):
        unpack(tmp_path / "a.tar", tmp_path / "release")


def test_an_encrypted_zip_is_said(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("f", b"x")
    raw = bytearray(content.getvalue())
    raw[6] |= 1
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "a.zip").write_bytes(raw)
    with pytest.raises(ArtifactError, match="encrypted"):
        unpack(tmp_path / "a.zip", tmp_path / "release")
