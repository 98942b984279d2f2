"""A table that stays readable on any terminal: no cell is broken while it can be on a line of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

GAP: Final = 2
INDENT: Final = 2
LEAST: Final = 24
"""Columns that the last cell of a row, mostly a sentence, needs at least beside the others."""


class Rows:
    """Rows under headers. Where the terminal is too narrow for a table each row flows over several lines, its cells whole."""

    def __init__(self, *headers: str) -> None:
        self._rows: list[list[Text]] = [[Text(header, "bold") for header in headers]]

    def add_row(self, *cells: str | Text) -> None:
        """As many cells as there are headers."""
        self._rows.append([Text(cell) if isinstance(cell, str) else cell for cell in cells])

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Whichever fits."""
        widths = [max(cell_len(cell.plain) for cell in column) for column in zip(*self._rows, strict=True)]
        needed = sum(widths[:-1]) + GAP * (len(widths) - 1) + min(widths[-1], LEAST)
        if needed <= options.max_width:
            yield self._table()
        else:
            yield from (line for row in self._rows for line in flowing(row, options.max_width))

    def _table(self) -> Table:
        headers, *rows = self._rows
        made = Table(box=None, pad_edge=False, header_style="bold")
        for header in headers[:-1]:
            made.add_column(header, no_wrap=True)
        made.add_column(headers[-1], overflow="fold")
        for row in rows:
            made.add_row(*row)
        return made


def flowing(cells: Sequence[Text], width: int) -> Iterator[Text]:
    """Cells one after the other, on as few lines as they need; all but the first line are indented."""
    line = Text()
    for cell in filter(None, cells):
        if line and cell_len(line.plain) + GAP + cell_len(cell.plain) > width:
            yield line
            line = Text(" " * INDENT)
        elif line:
            line.append(" " * GAP)
        line.append_text(cell)
    if line:
        yield line
