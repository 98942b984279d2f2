"""Between the protocol's values and flat rows of text and numbers. The in-memory store uses the same encoding."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import TypeAlias, TypeVar, cast

from pydantic import JsonValue

from rollway.store.protocol import (
    ApplicationRow,
    MeasurementRow,
    Member,
    NewEvent,
    ReleaseRow,
    Remembered,
    Summary,
)

Cell: TypeAlias = str | int | float | bool | None
Row: TypeAlias = dict[str, Cell]
Value: TypeAlias = Summary | Remembered | MeasurementRow | ApplicationRow | ReleaseRow | Member

T = TypeVar("T")

_INTEGER_BITS = 63
_JSON_FIELDS = frozenset({"data", "facts", "response", "samples", "settings", "source"})


def encode(value: JsonValue) -> str:
    """Write JSON in ASCII, so that NUL and lone surrogates (a program's raw output) survive in any database."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def decode(text: str) -> JsonValue:
    """Read what `encode` wrote."""
    return cast("JsonValue", json.loads(text))


def same(one: str, other: str) -> bool:
    """Compare encoded JSON: the order of keys counts for nothing, and unlike in Python 1 is not true."""
    return json.dumps(decode(one), sort_keys=True) == json.dumps(decode(other), sort_keys=True)


def storable(cell: Cell) -> Cell:
    """Raise `ValueError` for what some database would refuse, or keep as something else."""
    if isinstance(cell, str):
        cell.encode()  # a lone surrogate: UnicodeEncodeError is a ValueError
        if "\0" in cell:
            raise ValueError(f"a name or text with NUL cannot be stored: {cell!r}")
    elif isinstance(cell, float) and not math.isfinite(cell):
        raise ValueError(f"{cell} cannot be stored")
    elif isinstance(cell, int) and cell.bit_length() > _INTEGER_BITS:
        raise ValueError(f"an integer of {cell.bit_length()} bits cannot be stored")
    return cell


def event_row(stream: str, seq: int, event: NewEvent) -> Row:
    """Flatten an event that gets this place."""
    return {"stream": storable(stream), "seq": seq, **row_of(event)}


def row_of(value: Value | NewEvent) -> Row:
    """Flatten one of the protocol's values."""
    cells = {item.name: getattr(value, item.name) for item in fields(value)}
    return {name: encode(cell) if name in _JSON_FIELDS else storable(cell) for name, cell in cells.items()}


def value_of(kind: Callable[..., T], row: Mapping[str, object]) -> T:
    """Rebuild what `row_of` or `event_row` flattened."""
    return kind(**{name: decode(str(cell)) if name in _JSON_FIELDS else cell for name, cell in row.items()})
