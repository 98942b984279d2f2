"""Percentages: weights of traffic (`5%`, 5), shares (`0.2%`) and ratios (`150%`)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Final

from pydantic import BeforeValidator, PlainSerializer, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from rollway.config.context import is_number, is_pedantic, reads_file

_PERCENT: Final = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?) ?(%?)")


def _percent(value: object) -> tuple[Decimal, bool]:
    """(percent, whether `%` was written) of text or a number; ValueError for anything else."""
    if is_number(value):
        return Decimal(str(value)), False
    match = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError
    return Decimal(match[1]), bool(match[2])


def parse_weight(value: str | float) -> int:
    """Hundredths of a percent of `5%`, `5`, 5, 0.25. Raises ValueError with a sentence for people."""
    try:
        percent, _ = _percent(value)
    except ValueError:
        raise ValueError("expected a weight in percent, such as 5% or 5") from None
    if not 0 <= percent <= 100:
        raise ValueError("expected a weight between 0% and 100%")
    if percent * 100 % 1:
        raise ValueError("expected a weight with at most two decimals, such as 0.25%")
    return int(percent * 100)


def format_weight(hundredths: int) -> str:
    """`5%` for 500, `0.25%` for 25."""
    return f"{(Decimal(hundredths) / 100).normalize():f}%"


def _weight(value: object, info: ValidationInfo) -> int:
    if not isinstance(value, (str, int, float)) or isinstance(value, bool):
        raise PydanticCustomError("weight", "expected a weight in percent, such as 5% or 5")
    try:
        hundredths = parse_weight(value)
        percent, written = _percent(value)
    except ValueError as error:
        raise PydanticCustomError("weight", "{sentence}", {"sentence": str(error)}) from None
    if 0 < percent < 1 and not written and is_pedantic(info):
        text = f"read as {format_weight(hundredths)}, not as a fraction; write {format_weight(hundredths)} to say so"
        raise PydanticCustomError("warning_weight", "{sentence}", {"sentence": text})
    return hundredths


Weight = Annotated[
    int,
    BeforeValidator(_weight),
    PlainSerializer(format_weight, return_type=str, when_used="json"),
    WithJsonSchema({
        "anyOf": [
            {"type": "number", "minimum": 0, "maximum": 100},
            {"type": "string", "pattern": r"^[0-9]+(\.[0-9]{1,2})? ?%?$"},
        ],
        "description": "A weight in percent: 5% or 5.",
        "examples": ["5%", 5],
    }),
]  # fmt: skip
"""A share of traffic; hundredths of a percent as int, 0 to 10,000."""


def parse_share(text: str, *, most: float = 1.0) -> float:
    """The fraction of `0.2%`: 0.002. Raises ValueError with a sentence for people."""
    try:
        percent, written = _percent(text)
    except ValueError:
        raise ValueError("expected a percentage such as 0.2% or 5%") from None
    if percent > Decimal(repr(most)) * 100:
        raise ValueError(f"expected a percentage of at most {most:.0%}")
    if percent and not written:
        raise ValueError(f"expected a percentage with its sign, such as {text.strip()}%")
    return float(percent / 100)


def format_share(fraction: float) -> str:
    """`0.2%` for 0.002."""
    return f"{(Decimal(repr(float(fraction))) * 100).normalize():f}%"


def _fraction(value: object, info: ValidationInfo, most: float) -> float:
    if isinstance(value, str) or (reads_file(info) and is_number(value)):
        try:
            return parse_share(str(value), most=most)
        except ValueError as error:
            raise PydanticCustomError("share", "{sentence}", {"sentence": str(error)}) from None
    if not is_number(value) or not 0 <= float(value) <= most:
        raise PydanticCustomError("share", "expected a percentage such as 0.2% or 5%")
    return float(value)


def _share(value: object, info: ValidationInfo) -> float:
    return _fraction(value, info, 1.0)


def _ratio(value: object, info: ValidationInfo) -> float:
    return _fraction(value, info, 100.0)


_PERCENT_SCHEMA: Final = {
    "anyOf": [{"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? ?%$|^0$"}, {"const": 0}]
}

Share = Annotated[
    float,
    BeforeValidator(_share),
    PlainSerializer(format_share, return_type=str, when_used="json"),
    WithJsonSchema(
        {**_PERCENT_SCHEMA, "description": "A percentage up to 100%.", "examples": ["0.2%", "1%"]}
    ),
]
"""A part of a whole; fraction as float, 0 to 1."""

Ratio = Annotated[
    float,
    BeforeValidator(_ratio),
    PlainSerializer(format_share, return_type=str, when_used="json"),
    WithJsonSchema(
        {**_PERCENT_SCHEMA, "description": "A percentage, also over 100%.", "examples": ["20%", "150%"]}
    ),
]
"""A relative size; fraction as float, 0 to 100 (10,000 %)."""
