"""What is kept of an instance on disk.

Its folder holds `record.json`, written and synced before anything is started; `life.json`, what became of it, which
means nothing after a boot and is not synced; and `output.log`. When it was stopped `record.json` is renamed to
`stopped.json`: a rename needs no free disk.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from rollway.api import Address, Group, Health
from rollway_plugins.process import files
from rollway_plugins.process.kernel import Identity
from rollway_plugins.process.marks import Mark
from rollway_plugins.process.settings import ProcessSettings


@dataclass(frozen=True, slots=True)
class Record:
    """An instance as it is started: every path absolute, secrets by name only.

    `start` is the random word of its mark, `boot` the machine's boot in which it was recorded.
    """

    id: str
    start: str
    group: Group
    settings: ProcessSettings
    address: Address
    command: tuple[str, ...]
    directory: str
    log: str
    boot: str

    @property
    def mark(self) -> Mark:
        """What its processes are known by."""
        return Mark(self.id, self.start)


@dataclass(frozen=True, slots=True)
class Life:
    """What became of it; `ended` says how it ended, empty while it runs."""

    process: Identity | None = None
    health: Health = Health.STARTING
    ended: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """One instance as it was found on disk."""

    record: Record
    life: Life = field(default_factory=Life)
    stopped: bool = False


Parsed = TypeVar("Parsed")

_RECORD: TypeAdapter[Record] = TypeAdapter(Record)
_LIFE: TypeAdapter[Life] = TypeAdapter(Life)


class Records:
    """The instances of a node, each in a folder of its own. Its methods block: call them in a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def folder(self, instance: str) -> Path:
        """Where what is kept of it lies."""
        return self._folder / instance

    def claim(self, instance: str) -> None:
        """Make its folder durably. Raises FileExistsError where an instance of this id was recorded already."""
        path = self.folder(instance)
        path.mkdir(parents=True, exist_ok=True)
        if (path / "record.json").exists() or (path / "stopped.json").exists():
            raise FileExistsError(path)
        files.sync_folder(self._folder)

    def write(self, record: Record) -> None:
        """Durable when it returns."""
        files.write(
            self.folder(record.id) / "record.json", _RECORD.dump_python(record, mode="json"), durable=True
        )

    def discard(self, instance: str) -> None:
        """Remove everything kept of it."""
        shutil.rmtree(self.folder(instance), ignore_errors=True)

    def write_life(self, instance: str, life: Life) -> None:
        """Whole, but not synced."""
        files.write(self.folder(instance) / "life.json", _LIFE.dump_python(life, mode="json"), durable=False)

    def mark_stopped(self, instance: str) -> None:
        """It is not listed again, and never started again."""
        record = self.folder(instance) / "record.json"
        with suppress(FileNotFoundError):  # another call was faster
            record.rename(record.with_name("stopped.json"))

    def read(self) -> Iterator[Kept | Path]:
        """All instances; of one whose record is not whole, because the machine stopped in between, the folder."""
        if self._folder.is_dir():
            for path in sorted(self._folder.iterdir()):
                yield _kept(path) or path


def _kept(path: Path) -> Kept | None:
    stopped = (path / "stopped.json").exists()
    record = _parse(_RECORD, files.read(path / ("stopped.json" if stopped else "record.json")))
    life = _parse(_LIFE, files.read(path / "life.json"))
    return Kept(record, life or Life(), stopped) if record else None


def _parse(adapter: TypeAdapter[Parsed], content: Mapping[str, object] | None) -> Parsed | None:
    try:
        return adapter.validate_python(content) if content is not None else None
    except ValidationError:
        return None
