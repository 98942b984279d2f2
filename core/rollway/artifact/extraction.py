"""Writing members into a folder that is all theirs, one by one, trusting none of them."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Final

from rollway.artifact.bounds import Tally
from rollway.artifact.links import check_resolved, check_target
from rollway.errors import ArtifactError, UnsafeArtifactError

CHUNK: Final = 1 << 18


@dataclass(slots=True)
class Extraction:
    """One archive on its way into `root`, an existing empty folder.

    Links are made last, in `finish`: so no member is ever written through one.
    """

    root: Path
    tally: Tally
    links: dict[str, str] = field(default_factory=dict)
    folders: dict[str, int] = field(default_factory=dict)

    def folder(self, name: str, mode: int) -> None:
        """A folder, mentioned any number of times."""
        clean = self._clean(name)
        if clean != ".":
            self._make_folders(PurePosixPath(clean))
            self.folders[clean] = mode & 0o777 | 0o700

    def file(self, name: str, mode: int, content: IO[bytes], size: int) -> None:
        """A file of `size` announced bytes; what it really holds is what is counted."""
        path = self._new(name)
        if size > self.tally.bounds.bytes:
            self.tally.content(size)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as stream:
            while chunk := content.read(CHUNK):
                self.tally.content(len(chunk))
                stream.write(chunk)
        path.chmod(mode & 0o777 | 0o400)

    def link(self, name: str, target: str) -> None:
        """A symbolic link."""
        path = self._new(name)
        clean = path.relative_to(self.root).as_posix()
        check_target(clean, target)
        self.links[clean] = target

    def same_as(self, name: str, other: str) -> None:
        """A hard link in the archive: here a copy of the file that came before."""
        original = self.root / self._clean(other)
        if original.is_symlink() or not original.is_file():
            raise UnsafeArtifactError(
                f"{name!r} is a hard link to {other!r}, which is no file before it in the archive"
            )
        path = self._new(name)
        self.tally.content(original.stat().st_size)
        shutil.copy(original, path)

    def finish(self) -> None:
        """Make the links, check where they lead, set the folders' permissions."""
        for name, target in self.links.items():
            (self.root / name).symlink_to(target)
        root = Path(os.path.realpath(self.root))
        for name in self.links:
            check_resolved(root, name)
        for name, mode in self.folders.items():
            (self.root / name).chmod(mode)
        if not self.tally.members:
            raise ArtifactError("the archive has nothing in it to release")

    def _clean(self, name: str) -> str:
        path = PurePosixPath(name)
        if not name or "\0" in name or path.is_absolute() or ".." in path.parts:
            raise UnsafeArtifactError(f"the archive names {name!r}, which is outside of it")
        return path.as_posix()

    def _new(self, name: str) -> Path:
        clean = self._clean(name)
        self.tally.member()
        path = self.root / clean
        if clean == "." or clean in self.links or os.path.lexists(path):
            raise UnsafeArtifactError(f"the archive has {name!r} twice")
        self._make_folders(PurePosixPath(clean).parent)
        return path

    def _make_folders(self, path: PurePosixPath) -> None:
        for part in (*reversed(path.parents), path):
            name = part.as_posix()
            if name == "." or name in self.folders:
                continue
            if name in self.links or os.path.lexists(self.root / name):
                raise UnsafeArtifactError(f"the archive uses {name!r} as a folder and as something else")
            self.tally.member()
            (self.root / name).mkdir()
            self.folders[name] = 0o755
