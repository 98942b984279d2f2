"""A YAML document as nodes, and its expansion into plain data within bounds."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from rollway.config.places import Path, Position, render
from rollway.errors import ConfigurationError, Problem

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""Plain data, as JSON has it."""

MOST_DEPTH: Final = 50
MOST_NODES: Final = 20_000

_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT: Final = re.compile(r"[-+]?[0-9]{1,18}")
_BASED: Final = re.compile(r"0o[0-7]{1,20}|0x[0-9a-fA-F]{1,15}")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class Scalar:
    """A scalar as written; `plain` where it was not quoted, so that its form decides its type."""

    text: str
    plain: bool
    at: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """A list."""

    items: list[Node]
    at: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Mapping:
    """A mapping, its entries as they stand, keys standing twice included."""

    entries: list[tuple[Node, Node]]
    at: tuple[int, int]


Node: TypeAlias = Scalar | Sequence | Mapping


@dataclass(slots=True)
class Budget:
    """What one expansion has found and may still spend: aliases make small files large."""

    file: str
    positions: dict[Path, Position]
    problems: list[Problem] = field(default_factory=list)
    nodes: int = 0

    def spend(self, path: Path, at: tuple[int, int]) -> None:
        """Count one node; ConfigurationError where it is one too many or too deep."""
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise ConfigurationError(
                [Problem(self.file, *at, "", f"more than {MOST_NODES} entries, aliases counted")]
            )
        if len(path) > MOST_DEPTH:
            raise ConfigurationError(
                [Problem(self.file, *at, "", f"nested more than {MOST_DEPTH} levels deep")]
            )

    def complain(self, path: Path, at: tuple[int, int], message: str) -> None:
        """Note a problem that does not stop the reading."""
        self.problems.append(Problem(self.file, *at, render(path), message))


def plain(node: Node, path: Path, budget: Budget, key_at: tuple[int, int] | None = None) -> Json:
    """The node as plain data; positions and problems go into the budget."""
    budget.spend(path, node.at)
    # the parser places a value left out where the next thing begins: its key says more
    missing = isinstance(node, Scalar) and node.plain and not node.text
    budget.positions[path] = Position(key_at or node.at, key_at if key_at and missing else node.at)
    if isinstance(node, Scalar):
        return resolve(node)
    if isinstance(node, Sequence):
        return [plain(item, (*path, index), budget) for index, item in enumerate(node.items)]
    return {
        key: plain(value, (*path, key), budget, at)
        for key, at, value in _entries(node, path, budget, frozenset())
    }


def resolve(scalar: Scalar) -> Json:
    """The value of a scalar by the core schema of YAML 1.2."""
    text = scalar.text
    if not scalar.plain:
        return text
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INT.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    number = float(text) if _FLOAT.fullmatch(text) else math.inf
    return number if math.isfinite(number) else text


def _entries(
    node: Mapping, path: Path, budget: Budget, merging: frozenset[int]
) -> Iterator[tuple[str, tuple[int, int], Node]]:
    """Key, its position and value, each key once; `<<` brings in what the mapping itself does not say."""
    own: dict[str, tuple[tuple[int, int], Node]] = {}
    merged: list[Node] = []
    for key, value in node.entries:
        if isinstance(key, Scalar) and key.plain and key.text == "<<":
            merged.extend(value.items if isinstance(value, Sequence) else [value])
        elif not isinstance(key, Scalar) or not isinstance(resolve(key), str):
            budget.complain(path, key.at, "a key must be text; put it in quotes")
        elif key.text in own:
            first = own[key.text][0]
            message = f"this key stands twice, first on line {first[0]}; remove one of them"
            budget.complain((*path, key.text), key.at, message)
        else:
            own[key.text] = (key.at, value)
    for source in merged:
        for text, at, value in _merged(source, path, budget, merging | {id(node)}):
            own.setdefault(text, (at, value))
    return ((text, at, value) for text, (at, value) in own.items())


def _merged(
    source: Node, path: Path, budget: Budget, merging: frozenset[int]
) -> Iterator[tuple[str, tuple[int, int], Node]]:
    budget.spend(path, source.at)
    if not isinstance(source, Mapping) or id(source) in merging:
        budget.complain(path, source.at, "'<<' brings in another mapping: '<<: *name'")
        return iter(())
    return _entries(source, path, budget, merging)


def depth(value: Json) -> int:
    """How deep plain data is nested, as far as `MOST_DEPTH` and one more; without recursion."""
    level: list[Json] = [value]
    found = 0
    while level and found <= MOST_DEPTH:
        found += 1
        level = [child for each in level for child in _children(each)]
    return found


def unstorable(value: Json, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """What JSON in a database cannot hold, by place; only documents that were not read from a file have it."""
    if isinstance(value, float) and not math.isfinite(value):
        yield path, "expected a number, not NaN or infinity"
    elif isinstance(value, int) and abs(value) >= 1 << 63:
        yield path, "expected a number of at most 18 digits"
    elif isinstance(value, str) and not _is_text(value):
        yield path, "expected text without NUL and surrogate characters"
    elif isinstance(value, dict):
        for key, each in value.items():
            if not _is_text(key):
                yield path, "expected keys without NUL and surrogate characters"
            yield from unstorable(each, (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from unstorable(each, (*path, index))


def _is_text(value: str) -> bool:
    return "\0" not in value and not any(0xD800 <= ord(character) <= 0xDFFF for character in value)


def _children(value: Json) -> Iterable[Json]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
