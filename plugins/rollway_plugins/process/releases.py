"""The folders that instances run in: an artifact is unpacked once and never changed."""

import asyncio
import hashlib
import shutil
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rollway.api import Group, PluginError
from rollway_plugins.process import files


@dataclass(frozen=True, slots=True)
class Home:
    """A group on this node: its environment, and the absolute folder its instances run in."""

    place: str
    folder: str


class Releases:
    """Folders of releases, shared by the groups that run them, and the record of which group uses which.

    `unpack` makes a folder of an artifact, whole or not at all, and raises PluginError.
    """

    def __init__(self, node: Path, unpack: Callable[[Path, Path], object]) -> None:
        self._releases = node / "releases"
        self._groups = node / "groups"
        self._unpack = unpack
        self._homes: dict[str, Home] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def open(self) -> None:
        """Read what is there; sweep out what was being unpacked when the daemon ended."""
        await asyncio.to_thread(self._read)

    def home(self, group: str) -> Home | None:
        """Where a group runs; None where it never did, or was forgotten."""
        return self._homes.get(group)

    async def prepare(self, group: Group) -> Path:
        """The folder the group's instances run in, unpacked. Raises PluginError."""
        async with self._locks[group.id]:  # the digest of a large artifact is read once, not by each instance
            folder = await asyncio.to_thread(self._folder_of, group)
            async with self._locks[str(folder)]:
                if group.id not in self._homes:  # noted first, so that nothing lies about that nobody forgets
                    self._homes[group.id] = await asyncio.to_thread(self._note, group, folder)
                if not folder.is_dir():
                    await asyncio.to_thread(self._make, folder, group)
        return folder

    async def forget(self, group: str) -> None:
        """The group uses its folder no more; the last one takes the folder with it."""
        home = self._homes.get(group)
        if home is None:
            return
        async with self._locks[home.folder]:
            self._homes.pop(group, None)
            if all(other.folder != home.folder for other in self._homes.values()):
                await asyncio.to_thread(_remove, Path(home.folder))
            await asyncio.to_thread((self._groups / f"{group}.json").unlink, missing_ok=True)

    def _read(self) -> None:
        for half in (*self._releases.glob("*/.*"), *self._groups.glob(".*")):  # no release has such a name
            shutil.rmtree(half, ignore_errors=True)
        for note in self._groups.glob("*.json"):
            content = files.read(note) or {}
            place, folder = content.get("place"), content.get("folder")
            if isinstance(place, str) and isinstance(folder, str):
                self._homes[note.stem] = Home(place, folder)

    def _folder_of(self, group: Group) -> Path:
        known = self._homes.get(group.id)
        if known is not None:
            return Path(known.folder)
        if group.artifact is None:
            return self._groups / group.id
        return self._releases / group.application / f"{group.release}-{_digest(Path(group.artifact))[:12]}"

    def _note(self, group: Group, folder: Path) -> Home:
        self._groups.mkdir(parents=True, exist_ok=True)
        note = {"place": group.place, "folder": str(folder)}
        files.write(self._groups / f"{group.id}.json", note, durable=True)
        return Home(group.place, str(folder))

    def _make(self, folder: Path, group: Group) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        if group.artifact is None:
            folder.mkdir()
        else:
            self._unpack(Path(group.artifact), folder)


def _digest(artifact: Path) -> str:
    try:
        with artifact.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise PluginError(f"the artifact {artifact} is not on this node; deploy the release again") from None


def _remove(folder: Path) -> None:
    """Out of the way first: a folder with a release's name is whole until it is gone."""
    dying = folder.with_name(f".gone-{folder.name}")
    with suppress(OSError):
        folder.rename(dying)
    shutil.rmtree(dying, ignore_errors=True)
