"""Names of applications, environments and releases."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

NAME_PATTERN: Final = r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?"
RELEASE_PATTERN: Final = r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}"

RELEASE_SENTENCE: Final = "expected a release name: at most 100 letters, digits, '.', '_', '+', '-', starting with one of the first two"


def _name(value: object) -> str:
    if not isinstance(value, str):
        raise PydanticCustomError("name", "expected a name as text; put it in quotes")
    if not re.fullmatch(NAME_PATTERN, value):
        sentence = "expected a name of at most 40 lower-case letters, digits and '-', not at its ends"
        raise PydanticCustomError("name", "{sentence}", {"sentence": sentence})
    return value


def _release_name(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(RELEASE_PATTERN, value):
        raise PydanticCustomError("name", "{sentence}", {"sentence": RELEASE_SENTENCE})
    return value


ApplicationName = Annotated[
    str, BeforeValidator(_name), WithJsonSchema({"type": "string", "pattern": f"^{NAME_PATTERN}$"})
]
"""An application's name."""

EnvironmentName = Annotated[
    str, BeforeValidator(_name), WithJsonSchema({"type": "string", "pattern": f"^{NAME_PATTERN}$"})
]
"""An environment's name."""

ReleaseName = Annotated[
    str, BeforeValidator(_release_name), WithJsonSchema({"type": "string", "pattern": f"^{RELEASE_PATTERN}$"})
]
"""A release's name."""
