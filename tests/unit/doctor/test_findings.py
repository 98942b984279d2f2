"""What is measured and what it means: tables, for each look that rollway doctor takes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rollway.doctor import database, machine
from rollway.domain.findings import Finding
from rollway.store.survey import Survey

DATA = Path("/var/lib/rollway")
NOW = 1_800_000_000.0
MIB, GIB = 1024**2, 1024**3


@pytest.mark.parametrize(
    ("finding", "grade", "said"),
    [
        (machine.of_python((3, 11, 2)), "ok", "3.11.2"),
        (machine.of_python((3, 10, 9)), "problem", "too old"),
        (machine.of_files(1_048_576), "ok", "1,048,576"),
        (machine.of_files(-1), "ok", "as many"),
        (machine.of_files(1024), "warning", "1,024"),
        (machine.of_files(128), "problem", "128"),
        (machine.of_room(DATA, 50 * GIB, 80 * GIB, 10**6), "ok", "50.0 GiB free of 80.0 GiB"),
        (machine.of_room(DATA, 900 * MIB, 80 * GIB), "warning", "900.0 MiB free"),
        (machine.of_room(DATA, 0, 80 * GIB), "problem", "0 bytes free"),
        (machine.of_room(DATA, 50 * GIB, 80 * GIB, 3), "problem", "only 3 files"),
        (machine.of_clock(NOW), "ok", "2027-01-15 08:00:00 UTC"),
        (machine.of_clock(NOW, NOW + 5), "ok", "2027"),
        (machine.of_clock(NOW, NOW + 3600), "warning", "3,600 s ahead"),
        (machine.of_clock(3.0), "problem", "1970"),
        (database.of_commit(0.0004), "ok", "less than 1 ms"),
        (database.of_commit(0.012), "ok", "12 ms"),
        (database.of_commit(0.25), "warning", "250 ms"),
        (database.of_commit(4.0), "problem", "4,000 ms"),
        (database.of_backup(None, NOW), "ok", "none is known"),
        (database.of_backup(NOW - 7200, NOW), "ok", "2 h old"),
        (database.of_backup(NOW + 60, NOW), "ok", "0 s old"),
        (database.of_backup(NOW - 30 * 86_400, NOW), "warning", "30 days old"),
        (database.of_clocks(90.0), "warning", "1 min ahead of"),
        (database.of_clocks(-7200.0), "warning", "2 h behind"),
        (database.of_revision(Survey("db", "0002", "0002", MIB, 0.0, None)), "ok", "revision 0002, 1.0 MiB"),
        (database.of_revision(Survey("db", "0001", "0002", 3, 0.0, None)), "warning", "0002 is the newest"),
        (database.of_revision(Survey("db", "0003", "0002", 3, 0.0, None)), "ok", "revision 0003"),
    ],
)
def test_what_it_means(finding: Finding, grade: str, said: str) -> None:
    assert (finding.grade.value, said in finding.said) == (grade, True), finding
    assert bool(finding.advice) == (grade != "ok"), "whatever is not well says what to do"


def folder(where: Path) -> Path:
    return where


def file(where: Path) -> Path:
    (where / "file").touch()
    return where / "file"


def below_a_file(where: Path) -> Path:
    return file(where) / "data"


@pytest.mark.parametrize(
    ("make", "grade", "said"),
    [
        (folder, "ok", "can be written"),
        (lambda where: where / "new" / "data", "ok", "is not there yet"),
        (file, "problem", "is no folder"),
        (below_a_file, "problem", "is no folder"),
        (lambda _: Path("/proc/self/data"), "problem", "may not be written"),
        (lambda _: Path("/proc/self"), "problem", "nothing can be written"),
    ],
)
def test_whether_something_can_be_written(
    make: Callable[[Path], Path], grade: str, said: str, tmp_path: Path
) -> None:
    found = machine.writable("data folder", make(tmp_path))
    assert found.grade.value == grade, found
    assert said in found.said
    assert not list(tmp_path.glob(".doctor-*"))
