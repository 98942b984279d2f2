"""An archive as a new folder: whole or not at all, and nothing outside of it."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from io import BufferedReader
from pathlib import Path
from typing import IO, BinaryIO

from rollway.artifact.bounds import Bounds, Tally
from rollway.artifact.extraction import CHUNK, Extraction
from rollway.artifact.failures import explained
from rollway.errors import ArtifactError, ArtifactTooLargeError, DigestMismatchError, UnsafeArtifactError

_LONGEST_HEADER = 1 << 20


def unpack(archive: Path, folder: Path, *, digest: str | None = None, bounds: Bounds | None = None) -> None:
    """Unpack a `.tar`, `.tar.gz` or `.zip` (told by content) into `folder`, which must not exist or is left as it is.

    Unpacks beside it, then renames: a folder of this name is always complete. With `digest` (`sha256:...`) the file
    is checked first. Absolute names, `..`, links that leave the folder, devices and sockets are refused. Raises
    ArtifactError and its kinds; nothing is left behind then.
    """
    if folder.is_dir() and not folder.is_symlink():
        return
    with explained("cannot unpack the artifact", folder):
        workshop = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".unpacking-"))
        try:
            content = workshop / "content"
            content.mkdir(mode=0o755)
            with archive.open("rb") as stream:
                _verify(stream, digest)
                _extract(stream, archive, Extraction(content, Tally(bounds or Bounds())), workshop)
            os.sync()  # a power cut must not leave a complete name with incomplete files
            _rename(content, folder)
        finally:
            shutil.rmtree(workshop, ignore_errors=True)


def _verify(stream: BufferedReader, digest: str | None) -> None:
    if digest is None:
        return
    found = f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"
    stream.seek(0)
    if found != digest:
        raise DigestMismatchError(f"the artifact is {found}, not {digest}", advice="upload it again")


def _rename(content: Path, folder: Path) -> None:
    try:
        content.rename(folder)
    except OSError:
        if not folder.is_dir():  # otherwise somebody was faster, with the same content
            raise


def _extract(stream: BinaryIO, archive: Path, extraction: Extraction, workshop: Path) -> None:
    start = stream.read(4)
    stream.seek(0)
    try:
        if start == b"PK\x03\x04" or start == b"PK\x05\x06":
            _extract_zip(stream, extraction)
        elif start[:2] == b"\x1f\x8b":
            with _inflated(stream, workshop, extraction.tally.bounds) as plain:
                _extract_tar(plain, extraction)
        else:
            _extract_tar(stream, extraction)
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        gzip.BadGzipFile,
        NotImplementedError,
    ) as error:
        raise ArtifactError(f"{archive.name} is damaged or no archive: {error}") from error
    except (ValueError, OverflowError) as error:
        raise UnsafeArtifactError(f"{archive.name} has an impossible entry: {error}") from error
    extraction.finish()


def _inflated(stream: BinaryIO, workshop: Path, bounds: Bounds) -> IO[bytes]:
    """The tar inside a `.tar.gz`, as a file: reading a tar needs to go back and forth."""
    most = bounds.bytes + bounds.members * 2048  # headers and padding
    plain = tempfile.TemporaryFile(dir=workshop)  # noqa: SIM115 - the caller closes it
    try:
        with gzip.GzipFile(fileobj=stream, mode="rb") as inflating:
            while chunk := inflating.read(CHUNK):
                if plain.tell() + len(chunk) > most:
                    raise ArtifactTooLargeError(f"the artifact holds more than {bounds.bytes} bytes")
                plain.write(chunk)
        plain.seek(0)
    except BaseException:
        plain.close()
        raise
    return plain


class _BoundedReads:
    """A file in which no single read is large: tarfile reads a header of any announced size into memory."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.seek = stream.seek
        self.tell = stream.tell

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _LONGEST_HEADER:
            raise UnsafeArtifactError("the archive announces a header of more than 1 MiB")
        return self._stream.read(size)


def _extract_tar(stream: IO[bytes], extraction: Extraction) -> None:
    with tarfile.open(fileobj=_BoundedReads(stream), mode="r:", encoding="utf-8") as tar:  # type: ignore[call-overload]
        for member in tar:
            tar.members = []  # tarfile would keep every header
            _extract_tar_member(tar, member, extraction)


def _extract_tar_member(tar: tarfile.TarFile, member: tarfile.TarInfo, extraction: Extraction) -> None:
    if member.isdir():
        extraction.folder(member.name, member.mode)
    elif member.issym():
        extraction.link(member.name, member.linkname)
    elif member.islnk():
        extraction.same_as(member.name, member.linkname)
    elif member.isreg():
        content = tar.extractfile(member)
        if content is None:
            raise ArtifactError(f"{member.name!r} has no content")
        with content:
            extraction.file(member.name, member.mode, content, member.size)
    else:
        raise UnsafeArtifactError(
            f"{member.name!r} is a device or pipe; an artifact holds files, folders and links"
        )


def _extract_zip(stream: BinaryIO, extraction: Extraction) -> None:
    with zipfile.ZipFile(stream) as archive:
        for member in archive.infolist():
            _extract_zip_member(archive, member, extraction)


def _extract_zip_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, extraction: Extraction) -> None:
    mode = member.external_attr >> 16
    kind = mode & 0o170000
    if member.flag_bits & 0x1:
        raise ArtifactError(f"{member.filename!r} is encrypted; an artifact is not")
    if member.is_dir():
        extraction.folder(member.filename, mode & 0o777 or 0o755)
    elif kind == 0o120000:
        with archive.open(member) as content:
            extraction.link(member.filename, os.fsdecode(content.read(4097)))
    elif kind in (0, 0o100000):
        with archive.open(member) as content:
            extraction.file(member.filename, mode & 0o777 or 0o644, content, member.file_size)
    else:
        raise UnsafeArtifactError(
            f"{member.filename!r} is a device or pipe; an artifact holds files, folders and links"
        )
