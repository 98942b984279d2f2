"""The members of a folder, in the order in which they are packed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

import pathspec

from rollway.artifact.bounds import Bounds, Tally
from rollway.artifact.links import check_resolved, check_target
from rollway.errors import ArtifactError, UnsafeArtifactError

ALWAYS_LEFT_OUT: Final = frozenset({".git", ".venv", ".rollway"})

MemberKind: TypeAlias = Literal["file", "folder", "link"]


@dataclass(frozen=True, slots=True)
class Member:
    """One thing in a folder: its name relative to the folder with `/`, its permission bits, its link's target."""

    name: str
    kind: MemberKind
    mode: int
    target: str = ""


@dataclass(frozen=True, slots=True)
class _Ignored:
    """The `.gitignore` of one folder (`base` with a closing `/`, empty at the top)."""

    base: str
    spec: pathspec.GitIgnoreSpec

    def decides(self, name: str) -> bool | None:
        """True: leave out, False: take back in, None: says nothing."""
        return self.spec.check_file(name.removeprefix(self.base)).include


def members(folder: Path, *, everything: bool, bounds: Bounds, skip: Path | None = None) -> list[Member]:
    """All members sorted by name; without `everything` less `.git`, `.venv`, `.rollway` and what `.gitignore` names.

    `skip` is one file to pass over: the archive that is being written. Raises UnsafeArtifactError for sockets,
    devices and links that leave the folder, ArtifactTooLargeError, OSError.
    """
    root = Path(os.path.realpath(folder))
    tally = Tally(bounds)
    found: list[Member] = []
    for member in _walk(root, everything, skip):
        tally.member()
        found.append(member)
    if not found:
        raise ArtifactError(f"{folder} has nothing in it to release")
    return sorted(found, key=lambda each: os.fsencode(each.name))


def _walk(root: Path, everything: bool, skip: Path | None) -> Iterator[Member]:
    pending: list[tuple[str, tuple[_Ignored, ...]]] = [("", ())]
    while pending:
        base, ignored = pending.pop()
        if not everything:
            ignored = (*_gitignore(root, base), *ignored)
        with os.scandir(root / base) as entries:
            for entry in entries:
                name = base + entry.name
                if (skip and root / name == skip) or (not everything and _left_out(entry, name, ignored)):
                    continue
                member = _member(root, entry, name)
                yield member
                if member.kind == "folder":
                    pending.append((f"{name}/", ignored))


def _gitignore(root: Path, base: str) -> Iterator[_Ignored]:
    path = root / base / ".gitignore"
    if path.is_file():
        lines = path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        try:
            yield _Ignored(base, pathspec.GitIgnoreSpec.from_lines(lines))
        except ValueError as error:
            raise ArtifactError(f"{path} cannot be read as a .gitignore: {error}") from error


def _left_out(entry: os.DirEntry[str], name: str, ignored: Sequence[_Ignored]) -> bool:
    if entry.name in ALWAYS_LEFT_OUT:
        return True
    path = f"{name}/" if entry.is_dir(follow_symlinks=False) else name
    return next((said for each in ignored if (said := each.decides(path)) is not None), False)


def _member(root: Path, entry: os.DirEntry[str], name: str) -> Member:
    status = entry.stat(follow_symlinks=False)
    mode = stat.S_IMODE(status.st_mode) & 0o777
    if stat.S_ISDIR(status.st_mode):
        return Member(name, "folder", mode | 0o700)
    if stat.S_ISREG(status.st_mode):
        return Member(name, "file", mode | 0o400)
    if stat.S_ISLNK(status.st_mode):
        target = os.readlink(entry.path)  # noqa: PTH115 - Path would tidy it up
        check_target(name, target)
        check_resolved(root, name)
        return Member(name, "link", 0o777, target)
    raise UnsafeArtifactError(
        f"{name!r} is a socket, pipe or device; an artifact holds files, folders and links"
    )
