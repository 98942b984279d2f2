"""Secrets: named in the file, never standing in it."""

from __future__ import annotations

import re
from typing import Final

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

_SECRET_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")


class Secret(BaseModel):
    """A secret by its name. The value is found by the daemon when it is used and is never stored or shown.

    Its errors never repeat what was given, which may be the secret itself.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    secret: str
    """Its name."""

    @property
    def name(self) -> str:
        """The name: of an environment variable of the daemon, or a file in its `secrets` folder."""
        return self.secret

    @model_validator(mode="before")
    @classmethod
    def _by_name_only(cls, value: object) -> object:
        if isinstance(value, Secret):
            return value
        if not isinstance(value, dict) or set(value) != {"secret"}:
            raise PydanticCustomError(
                "secret", "expected {secret: NAME}; the value itself never stands in the file"
            )
        name = value["secret"]
        if not isinstance(name, str) or not _SECRET_NAME.fullmatch(name):
            sentence = (
                "expected the name of a secret: letters, digits, '_', '.', '-', not starting with a digit"
            )
            raise PydanticCustomError("secret", "{sentence}", {"sentence": sentence})
        return value
