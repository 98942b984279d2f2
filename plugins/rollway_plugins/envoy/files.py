"""The node's files: written beside, synced and renamed, so that Envoy and a crash see either the old or the new."""

import contextlib
import errno
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from urllib.parse import quote

from rollway.api import Address, Mark, PluginError, StaleToken, Token
from rollway_plugins import locking
from rollway_plugins.envoy import routes
from rollway_plugins.envoy.bootstrap import Document
from rollway_plugins.envoy.routes import Routes
from rollway_plugins.locking import Room

Stamp = tuple[int, int, int] | None

PARTS = ("marks", "ready")
"""The folders of an environment, each with a file per group."""


@dataclass(frozen=True, slots=True)
class NodeFiles:
    """The files of a node's Envoy."""

    folder: Path

    @property
    def listeners(self) -> Path:
        """The LDS file."""
        return self.folder / "lds.json"

    @property
    def clusters(self) -> Path:
        """The CDS file."""
        return self.folder / "cds.json"

    @property
    def lock(self) -> Path:
        """Held while a file of the whole node is changed."""
        return self.folder / "lock"

    @property
    def room(self) -> Room:
        """Where a process writes before it renames."""
        return Room(self.folder)

    def environment(self, name: str) -> "EnvironmentFiles":
        """The files of one environment."""
        return EnvironmentFiles(self.folder / "environments" / quote(name, safe=""))


@dataclass(frozen=True, slots=True)
class EnvironmentFiles:
    """The files of one environment."""

    folder: Path

    @property
    def lock(self) -> Path:
        """Held while token or routes are changed."""
        return self.folder / "lock"

    @property
    def token(self) -> Path:
        """The highest token seen."""
        return self.folder / "token.json"

    @property
    def routes(self) -> Path:
        """The RDS file in force."""
        return self.folder / "rds.json"

    @property
    def groups(self) -> Path:
        """Which groups there are and where their instances answer."""
        return self.folder / "groups.json"

    def ready(self, group: str | None) -> Path:
        """The RDS file that takes a group back, or all of them."""
        return self.folder / "ready" / (f"{quote(group, safe='')}.json" if group else "@all.json")

    def ready_mark(self, group: str) -> Path:
        """The mark that goes with it."""
        return self.folder / "ready" / f"{quote(group, safe='')}.mark"

    def mark(self, group: str) -> Path:
        """A mark that was left."""
        return self.folder / "marks" / f"{quote(group, safe='')}.mark"

    @property
    def room(self) -> Room:
        """Where a process writes before it renames."""
        return Room(self.folder)

    def save(self, path: Path, document: Document) -> None:
        """Put one of these files into place, as `save`, by a process that has room here. Raises StaleToken, PluginError."""
        save(path, document, self.room)

    def discard(self, path: Path) -> None:
        """Remove one of these files or folders, by a process that has room here."""
        gone = self.room.path
        with contextlib.suppress(OSError):
            path.rename(gone)
        shutil.rmtree(gone) if gone.is_dir() else gone.unlink(missing_ok=True)

    def make(self) -> None:
        """Make the folders. Raises PluginError."""
        try:
            for name in PARTS:
                (self.folder / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(self.folder, error) from error

    def current(self) -> Routes | None:
        """The routes on disk; None where the environment is unknown."""
        return read_routes(self.routes)

    def marks(self) -> tuple[Mark, ...]:
        """Every mark that was left, in the routes or beside them, with the fullest account of it."""
        current = self.current()
        found = {mark.group: mark for mark in (current.marks if current else ())}
        for path in sorted((self.folder / "marks").glob("*.mark")):
            with contextlib.suppress(ValueError, KeyError, TypeError):
                left = load(path) or {}
                mark = Mark(str(left["group"]), str(left["key"]), str(left["reason"]))
                found[mark.group] = mark
        return tuple(found[group] for group in sorted(found))

    def last_token(self) -> Token | None:
        """The highest token seen."""
        seen = load(self.token)
        return Token(int(str(seen["epoch"])), int(str(seen["serial"]))) if seen else None

    def confirm(self, token: Token) -> Token | None:
        """The last token seen. Raises StaleToken where this one is lower."""
        last = self.last_token()
        if last is not None and token < last:
            raise StaleToken(
                f"{self.folder.name}: token {token.epoch}.{token.serial} is lower than "
                f"{last.epoch}.{last.serial}, the last seen; nothing was changed"
            )
        return last

    def admit(self, token: Token) -> None:
        """Remember a token. Raises StaleToken for one lower than the last, PluginError where it cannot be written."""
        last = self.confirm(token)
        if last is None or token.epoch > last.epoch:
            self.room.fence_off_others()  # also who waits for no lock
        if token != last:
            self.save(self.token, {"epoch": token.epoch, "serial": token.serial})

    def known_endpoints(self) -> Mapping[str, tuple[Address, ...]]:
        """Where the instances of each group answer."""
        known = cast("Mapping[str, list[tuple[str, int]]]", load(self.groups) or {})
        return {group: tuple(Address(host, port) for host, port in found) for group, found in known.items()}

    def keep_endpoints(self, known: Mapping[str, tuple[Address, ...]]) -> None:
        """Remember where the instances of each group answer. Raises PluginError."""
        self.save(
            self.groups, {group: [(one.host, one.port) for one in found] for group, found in known.items()}
        )


def save(path: Path, document: Document, room: Room | None = None) -> bool:
    """Put a document into place durably; False where it stood there already.

    Raises PluginError, StaleToken where this process had `room` beside the lock and has it no more.
    """
    text = json.dumps(document, separators=(",", ":"), sort_keys=True).encode()
    beside = room.path if room else path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if path.exists() and path.read_bytes() == text:
            return False
        with beside.open("wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.rename(path)
        sync(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        if room and not beside.parent.exists():
            raise StaleToken(f"{path}: another daemon has taken over; nothing was changed") from error
        raise unwritable(path, error) from error
    return True


def renew(path: Path, lock: Path) -> None:
    """Put a file into its own place, so that Envoy reads it again; as far as the disk allows."""
    with contextlib.suppress(OSError, PluginError), locked(lock):
        beside = Room(lock.parent).path
        shutil.copyfile(path, beside)
        beside.rename(path)


def load(path: Path) -> Mapping[str, object] | None:
    """A document; None where there is none. Raises PluginError where it cannot be read or is no JSON object."""
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise PluginError(f"{path} cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise PluginError(f"{path} holds no object")
    return document


def resources(path: Path) -> list[Document]:
    """The resources of a discovery file, in their order; none where there is no file."""
    return cast("list[Document]", (load(path) or {}).get("resources", []))


def read_routes(path: Path) -> Routes | None:
    """The routes of a route file; None where there is none."""
    found = resources(path)
    return routes.read(found[0]) if found else None


def stamp(path: Path) -> Stamp:
    """Another for each file that was put into this place, or written to; None where there is none."""
    try:
        there = path.stat()
    except OSError:
        return None
    return there.st_ino, there.st_mtime_ns, there.st_size


def version(path: Path) -> str:
    """The version of a discovery file."""
    return str((load(path) or {}).get("version_info", ""))


def sync(folder: Path) -> None:
    """Make renames in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_if_possible(folder: Path) -> None:
    """As `sync`; a rename that cannot be made durable has still taken place."""
    with contextlib.suppress(OSError):
        sync(folder)


def unwritable(path: Path, error: OSError) -> PluginError:
    """What an operator is told when a file cannot be written."""
    free = "; free some space, what was in force stays" if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
    return PluginError(f"{path} cannot be written: {error.strerror}{free}")


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock between processes, and have room beside it. Raises PluginError."""
    with locking.held(path, Room(path.parent)):
        yield


@contextlib.contextmanager
def locked_if_free(path: Path) -> Iterator[None]:
    """Hold a lock, or go on without it where it cannot be had at once."""
    with locking.held_if_free(path, Room(path.parent)):
        yield
