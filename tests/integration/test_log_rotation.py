"""Logs are kept in bounds while their writers go on."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from rollway.api import Node
from rollway_plugins import rotation
from rollway_plugins.envoy.said import REFUSED, Said
from rollway_plugins.process import target as process_target
from rollway_plugins.process.output import last_lines
from rollway_plugins.process.settings import LogSettings, ProcessSettings
from rollway_plugins.rotation import Bounds, discard_parts, part, rotate

WRITER = """
import os, sys
log = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
for number in range(int(sys.argv[2])):
    os.write(log, b"line %09d of a log that is put aside again and again\\n" % number)
"""
LINES = 60_000


def every_line(log: Path) -> list[str]:
    """The oldest first. A cut in the middle of a line leaves its beginning at the end of a part; it counts as lost."""
    numbers = sorted((n for n in range(1, 1000) if part(log, n).exists()), reverse=True)
    files = [*(part(log, number) for number in numbers), log]
    return [line for file in files for line in file.read_text().rpartition("\n")[0].splitlines()]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_no_line_is_doubled_while_an_application_writes(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    log.touch()
    turns = 0
    with subprocess.Popen([sys.executable, "-c", WRITER, str(log), str(LINES)]) as writer:
        while writer.poll() is None:
            turns += rotate(log, Bounds(200_000, 900))
    lines = every_line(log)
    numbers = [int(line.split()[1]) for line in lines]
    assert numbers == sorted(set(numbers))
    assert {len(line) for line in lines} == {len(lines[0])}
    assert turns >= 3
    # Lines are lost in the instants of the cuts and nowhere else.
    gaps = [after - before - 1 for before, after in pairwise(numbers) if after > before + 1]
    assert len(gaps) <= turns
    assert numbers[0] == 0


def test_a_log_and_its_parts_stay_in_bounds(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    for turn in range(6):
        log.write_bytes(b"%d\n" % turn * 10_000)
        assert rotate(log, Bounds(16_384, 3))
    assert names(tmp_path) == {"output.log", "output.log.1", "output.log.2"}
    assert part(log, 1).read_bytes() == b"5\n" * 10_000
    assert not rotate(log, Bounds(16_384, 3))


def test_of_a_log_beyond_all_bounds_the_newest_lines_stay(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    log.write_text("".join(f"{number:09d}\n" for number in range(20_000)))
    assert rotate(log, Bounds(16_384, 2))
    kept = part(log, 1).read_text().splitlines()
    assert kept[-1] == f"{19_999:09d}"
    assert {len(line) for line in kept} == {9}
    assert part(log, 1).stat().st_size <= 2 * 16_384


@pytest.mark.parametrize(("cut", "kept"), [(True, ["first", "second"]), (False, ["first", "second"])])
def test_a_daemon_that_died_in_the_middle_doubles_nothing(tmp_path: Path, cut: bool, kept: list[str]) -> None:
    log = tmp_path / "output.log"
    (tmp_path / "output.log.whole").write_text("first\n")
    (tmp_path / "output.log.copy").write_text("fir")
    log.write_text("second\n" if cut else "first\nsecond\n")
    rotate(log, Bounds(16_384, 3))
    assert every_line(log) == kept
    assert names(tmp_path) <= {"output.log", "output.log.1"}


def test_what_is_asked_for_reaches_back_before_the_last_cut(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    log.write_text("one\ntwo\n")
    rotate(log, Bounds(8, 3))
    with log.open("a") as file:
        file.write("three\n")
    assert last_lines(log, 2) == ["two", "three"]
    discard_parts(log, 0)
    assert last_lines(log, 2) == ["three"]


def test_a_refusal_is_found_after_the_log_of_envoy_was_cut(tmp_path: Path) -> None:
    said = Said(tmp_path / "envoy.log")
    said.path.write_text("much that was written\n" * 100)
    since = said.size
    rotate(said.path, Bounds(1, 1))
    with said.path.open("a") as file:
        file.write(f"[warning] {REFUSED} no such cluster\n")
    assert said.refusal(since) == "no such cluster"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB, ours alone."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine cannot: mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)


def test_on_a_full_disk_old_parts_make_room_and_else_the_log_stays_whole(small_disk: Path) -> None:
    log = small_disk / "output.log"
    log.write_bytes(b"old\n" * 50_000)
    assert rotate(log, Bounds(100_000, 9))
    log.write_bytes(b"new\n" * 100_000)
    fill(small_disk / "filler")
    with pytest.raises(OSError, match="space"):
        rotate(log, Bounds(100_000, 9))
    assert log.read_bytes() == b"new\n" * 100_000
    assert names(small_disk) == {"output.log", "filler"}
    (small_disk / "filler").unlink()
    assert rotate(log, Bounds(100_000, 9))
    assert part(log, 1).read_bytes() == b"new\n" * 100_000


async def test_the_logs_of_a_node_are_looked_at_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "EVERY", 0.01)
    log, hopeless = tmp_path / "output.log", tmp_path / "folder"
    hopeless.mkdir()
    log.write_text("text\n" * 10)
    looking = asyncio.create_task(
        rotation.keep_in_bounds(lambda: [(hopeless, Bounds(1, 1)), (log, Bounds(20, 2))])
    )
    async with asyncio.timeout(10):
        while not part(log, 1).exists():  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.01)
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)


async def test_the_target_looks_after_the_logs_of_its_instances(tmp_path: Path) -> None:
    target = process_target.ProcessTarget(Node("here", tmp_path))
    await target.open()
    assert target._rotation is not None
    await target.close()
    assert target._rotation.done()


def test_bounds_are_written_with_their_unit() -> None:
    settings = ProcessSettings.model_validate({"command": "true", "log": {"size": "2MiB", "keep": 3}})
    assert settings.log.bounds == Bounds(2 * 1024 * 1024, 3)
    assert ProcessSettings.model_validate(settings.model_dump(mode="json")) == settings
    assert LogSettings().bounds == Bounds()
    for wrong in ("10", "10MB", 10, "1KiB", "9999999GiB", None):
        with pytest.raises(ValueError, match="size"):
            LogSettings.model_validate({"size": wrong})
