"""How a settings model knows that it reads a person's file, and what every settings model is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeGuard

from pydantic import BaseModel, ConfigDict, ValidationInfo


@dataclass(frozen=True, slots=True)
class FileContext:
    """The pydantic context in which a file is read; without it, values come from Python code.

    `pedantic` makes what deserves only a warning an error of a type starting with `warning_`, because only an
    error carries its place; the reader collects those and validates again without it.
    """

    pedantic: bool = False


def reads_file(info: ValidationInfo) -> bool:
    """Whether the value validated comes from a person's file (or from settings stored of one)."""
    return isinstance(info.context, FileContext)


def is_pedantic(info: ValidationInfo) -> bool:
    """Whether warnings are wanted, as errors whose type starts with `warning_`."""
    return isinstance(info.context, FileContext) and info.context.pedantic


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether it is a number of a size that means something: no bool, NaN, infinity, nor beyond 10**15."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -1e15 < value < 1e15


class Settings(BaseModel):
    """The base of settings models: unknown keys are errors, values are frozen, docstrings below fields describe them.

    `rollway schema` reads these docstrings. pydantic's `use_attribute_docstrings` would read every command's sources.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
