"""An artifact as one deterministic tar: the same content gives the same bytes, anywhere and at any time."""

from __future__ import annotations

import hashlib
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from rollway.artifact.bounds import Bounds, Tally
from rollway.artifact.failures import explained
from rollway.artifact.folder import Member, members
from rollway.artifact.unpacking import unpack
from rollway.errors import ArtifactError

ARCHIVE_ENDINGS = (".tar", ".tar.gz", ".tgz", ".zip")


@dataclass(frozen=True, slots=True)
class PackedArtifact:
    """A packed artifact: where its tar lies, `sha256:` and 64 hexadecimal digits of it, its size in bytes."""

    path: Path
    digest: str
    size: int


def pack(
    source: Path, destination: Path, *, everything: bool = True, bounds: Bounds | None = None
) -> PackedArtifact:
    """Pack a folder, `.tar`, `.tar.gz` or `.zip` into the deterministic tar `destination`, which appears whole or not.

    Sorted by name, no times or owners, permission bits kept, links kept where they stay inside. `everything=False`
    is for the default artifact, the folder of deploy.yaml: less `.git`, `.venv`, `.rollway` and what `.gitignore`
    names. Streams: memory is bounded by the number of members. Raises ArtifactError and its kinds.
    """
    bounds = bounds or Bounds()
    if source.is_dir():
        return _pack_folder(source, destination, everything, bounds)
    if not source.exists():
        raise ArtifactError(
            f"{source}: no such file or folder", advice="name an artifact with --artifact PATH"
        )
    if not source.is_file() or not source.name.lower().endswith(ARCHIVE_ENDINGS):
        raise ArtifactError(f"{source} is neither a folder nor one of {', '.join(ARCHIVE_ENDINGS)}")
    with explained("cannot pack the artifact", destination), _beside(destination) as workshop:
        unpack(source, workshop / "content", bounds=bounds)
        return _pack_folder(workshop / "content", destination, True, bounds)


def digest_of(path: Path) -> str:
    """The digest of a file: `sha256:` and 64 hexadecimal digits. Raises ArtifactError."""
    with explained("cannot read the artifact", path), path.open("rb") as stream:
        return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"


@contextmanager
def _beside(destination: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=destination.parent, prefix=".packing-") as name:
        yield Path(name)


def _pack_folder(source: Path, destination: Path, everything: bool, bounds: Bounds) -> PackedArtifact:
    with explained("cannot pack the artifact", source):
        handle, name = tempfile.mkstemp(dir=destination.parent, prefix=".packing-", suffix=".tar")
        try:
            with os.fdopen(handle, "wb") as stream:
                skip = Path(os.path.realpath(name))
                found = members(source, everything=everything, bounds=bounds, skip=skip)
                _write(source, found, stream, Tally(bounds))
                stream.flush()
                os.fsync(stream.fileno())
            Path(name).replace(destination)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        return PackedArtifact(destination, digest_of(destination), destination.stat().st_size)


def _write(source: Path, found: list[Member], stream: BinaryIO, tally: Tally) -> None:
    with tarfile.open(fileobj=stream, mode="w:", format=tarfile.GNU_FORMAT, encoding="utf-8") as tar:
        for member in found:
            _add(tar, source, member, tally)


def _add(tar: tarfile.TarFile, source: Path, member: Member, tally: Tally) -> None:
    header = tarfile.TarInfo(member.name)
    header.mode = member.mode
    if member.kind == "folder":
        header.type = tarfile.DIRTYPE
        tar.addfile(header)
    elif member.kind == "link":
        header.type, header.linkname = tarfile.SYMTYPE, member.target
        tar.addfile(header)
    else:
        # a file replaced by a link since it was listed must not be followed; a pipe must not block
        handle = os.open(source / member.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as content:
            header.size = os.fstat(handle).st_size
            tally.content(header.size)
            try:
                tar.addfile(header, content)
            except OSError as error:
                if error.errno is None:  # tarfile's own: fewer bytes than the header promised
                    raise ArtifactError(f"{member.name!r} changed while it was packed; pack again") from error
                raise
