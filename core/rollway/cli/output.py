"""Where output goes: one document on standard output, or text for people; messages on standard error."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from rollway.cli.plain import plain
from rollway.cli.session import Output, Session

if TYPE_CHECKING:
    from pydantic import BaseModel, JsonValue
    from rich.console import Console

WIDE = 200
"""Columns of a table that nobody looks at in a terminal: nothing is cut off for `grep`."""


class ReaderLeft(Exception):
    """Whoever read standard output has enough; the command is over, and well."""


Data: TypeAlias = "BaseModel | Sequence[BaseModel] | Mapping[str, JsonValue] | Sequence[JsonValue]"


def emit(session: Session, data: Data) -> None:
    """Print the one document of `-o json` or `-o yaml`."""
    from pydantic_core import to_jsonable_python

    plain_data = to_jsonable_python(data)
    if session.output is Output.YAML:
        _yaml(plain_data)
    else:
        import json

        sys.stdout.write(json.dumps(plain_data, indent=2) + "\n")
    sys.stdout.flush()


def nobody_reads() -> None:
    """Whoever read standard output has left: nothing more is written there, and the interpreter does not complain."""
    null = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(OSError, ValueError):
        os.dup2(null, sys.stdout.fileno())
    os.close(null)


def say(message: str) -> None:
    """Tell people something beside the output."""
    sys.stderr.write(plain(message) + "\n")
    sys.stderr.flush()


def console() -> Console:
    """Standard output for people: as wide as it is, colours only on a terminal."""
    from rich.console import Console

    terminal = sys.stdout.isatty()
    return Console(width=None if terminal else WIDE, highlight=False, markup=False, emoji=False)


def _yaml(data: JsonValue) -> None:
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # the library says None
    yaml.width = 4096
    yaml.dump(data, sys.stdout)
