"""Command lines: text split as a POSIX shell would, or a list of words."""

from __future__ import annotations

import shlex
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError


def _words(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        try:
            words = tuple(shlex.split(value))
        except ValueError as error:
            reason = str(error).lower()
            raise PydanticCustomError("command", "not a command line: {reason}", {"reason": reason}) from None
    elif isinstance(value, (list, tuple)):
        words = tuple(_word(each, index) for index, each in enumerate(value))
    else:
        raise PydanticCustomError("command", "expected a command as text or as a list of words")
    if not words or not words[0]:
        raise PydanticCustomError("command", "expected a command, not an empty one")
    if any("\0" in word for word in words):
        raise PydanticCustomError("command", "a command cannot contain a NUL character")
    return words


def _word(value: object, index: int) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise PydanticCustomError(
            "command", "word {index} of the command must be text; quote it", {"index": index}
        )
    return value


CommandLine = Annotated[
    tuple[str, ...],
    BeforeValidator(_words),
    WithJsonSchema({
        "anyOf": [
            {"type": "string", "minLength": 1},
            {"type": "array", "items": {"type": ["string", "integer"]}, "minItems": 1},
        ],
        "description": "A command: text split as POSIX words and run without a shell, or a list of words.",
        "examples": ["python server.py --port {port}", ["sh", "-c", "exec ./serve"]],
    }),
]  # fmt: skip
"""A command as its words; text is split as a POSIX shell would, no shell is run."""
