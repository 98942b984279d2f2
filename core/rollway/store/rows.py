"""Between the protocol's values and flat rows of text and numbers. The in-memory store uses the same encoding."""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import TypeAlias, TypeVar, cast

from pydantic import JsonValue

from rollway.store.protocol import (
    ApplicationRow,
    MeasurementRow,
    NewEvent,
    ReleaseRow,
    Remembered,
    Summary,
)

Cell: TypeAlias = str | int | float | bool | None
Row: TypeAlias = dict[str, Cell]
Value: TypeAlias = Summary | Remembered | MeasurementRow | ApplicationRow | ReleaseRow

T = TypeVar("T")

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


def event_row(stream: str, seq: int, event: NewEvent) -> Row:
    """Flatten an event that gets this place."""
    return {
        "stream": stream,
        "seq": seq,
        "type": event.type,
        "v": event.v,
        "actor": event.actor,
        "at": event.at,
        "data": encode(event.data),
    }


def row_of(value: Value) -> Row:
    """Flatten one of the protocol's rows."""
    cells = {item.name: getattr(value, item.name) for item in fields(value)}
    return {name: encode(cell) if name in _JSON_FIELDS else cell for name, cell in cells.items()}


def value_of(kind: Callable[..., T], row: Mapping[str, object]) -> T:
    """Rebuild what `row_of` or `event_row` flattened."""
    return kind(**{name: decode(str(cell)) if name in _JSON_FIELDS else cell for name, cell in row.items()})
