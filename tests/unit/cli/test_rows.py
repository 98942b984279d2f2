"""Tables on terminals of any width."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from rollway.cli.rows import Rows, flowing

ID = "01m854q6z0153sbm"


def shown(rows: Rows, width: int) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width, force_terminal=False).print(rows)
    return [line.rstrip() for line in out.getvalue().splitlines()]


@pytest.fixture
def rows() -> Rows:
    made = Rows("ROLLOUT", "RELEASE", "PHASE", "REASON")
    made.add_row(ID, "1.1", Text("promoted", "green"), "1.1 is stable")
    made.add_row(ID, "", "paused", "waits for a person who said that it should be looked at first")
    return made


def test_what_fits_is_a_table_whose_last_column_wraps(rows: Rows) -> None:
    assert shown(rows, 70) == [
        "ROLLOUT           RELEASE  PHASE     REASON",
        f"{ID}  1.1      promoted  1.1 is stable",
        f"{ID}           paused    waits for a person who said that",
        "                                     it should be looked at first",
    ]


def test_what_does_not_fit_flows(rows: Rows) -> None:
    assert shown(rows, 40) == [
        "ROLLOUT  RELEASE  PHASE  REASON",
        f"{ID}  1.1  promoted",
        "  1.1 is stable",
        f"{ID}  paused",
        "  waits for a person who said that it",
        "should be looked at first",
    ]


@given(st.lists(st.text("abc é漢", max_size=30).map(str.strip)), st.integers(10, 120))
def test_a_cell_is_broken_only_if_it_is_longer_than_a_line(cells: list[str], width: int) -> None:
    lines = list(flowing([Text(cell) for cell in cells], width))
    assert "".join("".join(cells).split()) == "".join("".join(line.plain for line in lines).split())
    for cell in filter(None, cells):
        assert any(cell in line.plain for line in lines)
    for line in lines:
        assert line.cell_len <= width or line.plain.strip() in cells
