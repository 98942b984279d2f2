"""Lengths of time: `500ms`, `10s`, `5m`, `2h`, `1d`, `1h30m`."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Final

from pydantic import BeforeValidator, PlainSerializer, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from rollway.config.context import is_number, reads_file

LONGEST_DURATION: Final = 10 * 365 * 86_400.0
_UNITS: Final = {
    "ms": Decimal("0.001"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86_400),
}
_DURATION: Final = re.compile(r"(?:[0-9]{1,15}(?:\.[0-9]{1,12})?(?:ms|s|m|h|d))+")
_DURATION_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")


def parse_duration(text: str) -> float:
    """Seconds of `500ms`, `10s`, `1h30m`, `0`. Raises ValueError with a sentence for people."""
    text = text.strip()
    if text == "0":
        return 0.0
    if not _DURATION.fullmatch(text):
        raise ValueError("expected a duration such as 500ms, 10s, 5m, 2h or 1d")
    total = sum((Decimal(number) * _UNITS[unit] for number, unit in _DURATION_PART.findall(text)), Decimal(0))
    if total > LONGEST_DURATION:
        raise ValueError("expected a duration of at most 10 years")
    return float(total)


def format_duration(seconds: float) -> str:
    """The shortest writing in one unit that `parse_duration` reads back exactly: 90.0 is `90s`, 60.0 `1m`."""
    exact = Decimal(repr(float(seconds)))
    if not exact:
        return "0s"
    for unit in ("d", "h", "m", "s", "ms"):
        if exact % _UNITS[unit] == 0:
            return f"{int(exact / _UNITS[unit])}{unit}"
    return f"{exact:f}s"


def _duration(value: object, info: ValidationInfo) -> float:
    if isinstance(value, str):
        try:
            return parse_duration(value)
        except ValueError as error:
            raise PydanticCustomError("duration", "{sentence}", {"sentence": str(error)}) from None
    if not is_number(value):
        raise PydanticCustomError("duration", "expected a duration such as 500ms, 10s, 5m, 2h or 1d")
    number = float(value)
    if reads_file(info) and number != 0:
        raise PydanticCustomError("duration", "expected a duration with its unit, such as 500ms, 10s or 5m")
    if not 0 <= number <= LONGEST_DURATION:
        raise PydanticCustomError("duration", "expected a duration between 0 and 10 years")
    return number


Duration = Annotated[
    float,
    BeforeValidator(_duration),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
    WithJsonSchema({
        "anyOf": [
            {"type": "string", "pattern": r"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$|^0$"},
            {"const": 0},
        ],
        "description": "A duration: 500ms, 10s, 5m, 2h, 1d.",
        "examples": ["500ms", "10s", "5m", "2h", "1d"],
    }),
]  # fmt: skip
"""A length of time; seconds as float, 0 to 10 years."""
