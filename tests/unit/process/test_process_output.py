from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollway_plugins.process.output import last_lines


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("output") / "output.log"


@given(st.lists(st.text(alphabet="abc ü", max_size=30), max_size=60), st.integers(0, 70), st.booleans())
def test_the_last_lines(log: Path, written: list[str], wanted: int, ended: bool) -> None:
    log.write_text("\n".join(written) + ("\n" if ended and written else ""), encoding="utf-8")
    everything = log.read_text(encoding="utf-8").split("\n")
    whole = everything[:-1] if everything[-1] == "" else everything
    assert last_lines(log, wanted) == (whole[-wanted:] if wanted else [])


def test_of_a_long_file_only_the_end_is_read(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    log.write_bytes(b"".join(b"line %d\n" % number for number in range(200_000)))
    assert last_lines(log, 3) == ["line 199997", "line 199998", "line 199999"]


def test_one_endless_line_is_cut(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    log.write_bytes(b"x" * 5_000_000)
    (line,) = last_lines(log, 20)
    assert len(line) < 3000


def test_what_is_no_text_is_readable_all_the_same(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    log.write_bytes(b"\xff\x00ab\x1b[31mred\x1b[0m\r\n")
    assert last_lines(log, 20) == ["\ufffdabred"]


def test_no_file_no_lines(tmp_path: Path) -> None:
    assert last_lines(tmp_path / "none", 20) == []
