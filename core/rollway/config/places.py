"""Places in a configuration: a path of keys and indexes, and where it stands in the file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from rollway.errors import Problem, Refusal

Path: TypeAlias = tuple[str | int, ...]
"""Keys and indexes from the top: `("environments", "prod", "strategy", "steps", 1)`."""

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]{1,60}")


def render(path: Path) -> str:
    """`environments.prod.strategy.steps[1].weight`; a key that is no plain word is quoted."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            key = part if _PLAIN_KEY.fullmatch(part) else repr(part[:60])
            text += f".{key}" if text else key
    return text


@dataclass(frozen=True, slots=True)
class Position:
    """Where an entry stands, counted from 1: its key (for a list's item the item itself) and its value."""

    key: tuple[int, int]
    value: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Places:
    """The positions of all entries of one file; empty, with `file` None, for settings that came as JSON."""

    file: str | None = None
    positions: Mapping[Path, Position] = field(default_factory=lambda: MappingProxyType({}))

    def problem(
        self, path: Path, message: str, *, suggestion: str | None = None, at_key: bool = False
    ) -> Problem:
        """A problem with the value at `path`, or with its key; at the nearest entry above where it is missing."""
        line, column = self.find(path, at_key=at_key)
        return Problem(self.file, line, column, render(path), message, suggestion)

    def refusal(self, path: Path, sentence: str) -> Refusal:
        """A refusal of the key at `path`."""
        line, column = self.find(path, at_key=True)
        return Refusal(self.file, line, column, render(path), sentence)

    def find(self, path: Path, *, at_key: bool) -> tuple[int | None, int | None]:
        """Line and column of an entry or of the nearest one above; (None, None) without a file."""
        for length in range(len(path), -1, -1):
            position = self.positions.get(path[:length])
            if position is not None:
                return position.key if at_key or length < len(path) else position.value
        return None, None
