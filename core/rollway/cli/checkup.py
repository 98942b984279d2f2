"""What `rollway doctor` found, in lines for people: pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from rich.text import Text

from rollway.cli.plain import plain
from rollway.domain.findings import Finding, Grade

STYLES: Final = {Grade.OK: "green", Grade.WARNING: "yellow", Grade.PROBLEM: "bold red"}
GRADE: Final = max(map(len, Grade))
BEFORE_NAME: Final = 2 + GRADE + 2
WIDEST_NAME: Final = 24
LEAST: Final = 36
"""Columns that a sentence needs beside the name of what it is about; with fewer it goes on a line of its own."""


def lines(findings: Sequence[Finding], width: int) -> Iterator[Text]:
    """Each finding on a line of so many columns, or more where it does not fit; what to do next below it."""
    name = _widest(findings)
    for part, of_it in groupby(findings, key=lambda each: each.part):
        found = list(of_it)
        yield Text(plain(part), "bold")
        for each in found:
            yield from _finding(each, name if _beside(name, width) else _widest(found), width)


def _widest(findings: Sequence[Finding]) -> int:
    return min(WIDEST_NAME, max((len(each.name) for each in findings), default=0))


def _beside(name: int, width: int) -> bool:
    """Whether a sentence has room beside names of so many columns."""
    return width - (BEFORE_NAME + name + 2) >= LEAST


def _finding(each: Finding, name: int, width: int) -> Iterator[Text]:
    head = Text("  ").append(f"{each.grade.value:{GRADE}}", STYLES[each.grade])
    head.append("  ").append(f"{plain(each.name):{name}}")
    indent = BEFORE_NAME + name + 2
    if not _beside(name, width) or len(each.name) > name:
        indent = 4
        yield Text(head.plain.rstrip(), spans=head.spans)
        head = Text(" " * 2)
    first, *rest = _wrapped(each.said, width - indent) or [""]
    yield head.append("  ").append(first)
    yield from (Text(" " * indent + line) for line in rest)
    yield from (Text(" " * indent + line, "bold") for line in _wrapped(_next(each), width - indent))


def _next(each: Finding) -> str:
    return f"-> {each.advice}" if each.advice else ""


def _wrapped(text: str, width: int) -> list[str]:
    """Words are kept whole: commands and paths are there to be copied."""
    return [
        wrapped
        for line in plain(text).splitlines()
        for wrapped in textwrap.wrap(line, max(20, width), break_long_words=False, break_on_hyphens=False)
    ]


def summary(findings: Sequence[Finding]) -> str:
    """How much there is to be done, and where: what is well lies between."""
    return "; ".join(filter(None, (_counted(findings, each) for each in (Grade.PROBLEM, Grade.WARNING)))) or (
        "nothing is wrong"
    )


def _counted(findings: Sequence[Finding], grade: Grade) -> str:
    names = [plain(each.name) for each in findings if each.grade is grade]
    if not names:
        return ""
    return f"{len(names)} {grade.value}{'' if len(names) == 1 else 's'}: {', '.join(dict.fromkeys(names))}"
