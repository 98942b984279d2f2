"""A file of YAML as plain data, with the position of every entry.

Reads events, not documents: so a key that stands twice is seen with both its lines, nothing is ever constructed, and
depth and size are bounded while reading. Plain scalars follow the core schema of YAML 1.2 whatever the file declares:
`on`, `yes` and `12:30` are text.
"""

from __future__ import annotations

import re
import stat
from pathlib import Path as FilePath
from typing import Final

from rollway.config.places import Places, Position
from rollway.config.tree import Budget, Json, Node, plain
from rollway.errors import ConfigurationError, Problem

MOST_BYTES: Final = 1 << 20
"""No file of people is longer; reading a larger one would only take its time."""

_NOT_TEXT: Final = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read(path: FilePath) -> tuple[Json, Places, tuple[Problem, ...]]:
    """The document in a file, its places, and problems that did not stop the reading (keys that stand twice).

    Raises ConfigurationError with one problem where there is no document to be had.
    """
    return read_text(_text(path), str(path))


def read_text(text: str, file: str) -> tuple[Json, Places, tuple[Problem, ...]]:
    """As `read`, from text; `file` is what the problems call it."""
    unreadable = _NOT_TEXT.search(text)
    if unreadable:
        line = text.count("\n", 0, unreadable.start()) + 1
        column = unreadable.start() - (text.rfind("\n", 0, unreadable.start()) + 1) + 1
        name = f"U+{ord(unreadable[0]):04X}"
        raise _failed(
            file, f"the character {name} is not allowed in YAML; is this a text file?", line, column
        )
    positions: dict[tuple[str | int, ...], Position] = {}
    budget = Budget(file, positions)
    document = plain(_compose(text, file), (), budget)
    return document, Places(file, positions), tuple(budget.problems)


def _text(path: FilePath) -> str:
    file = str(path)
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise _failed(file, "this is a folder; name the file, usually deploy.yaml")
        if not stat.S_ISREG(mode):
            raise _failed(file, "this is not a regular file")
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise _failed(
            file, "no such file; `-f FILE` names another, `rollway schema` says what may stand in one"
        ) from None
    except OSError as error:
        raise _failed(file, f"cannot be read: {(error.strerror or str(error)).lower()}") from None
    except ValueError:
        raise _failed(repr(file), "not the name of a file") from None
    if len(content) > MOST_BYTES:
        raise _failed(file, "larger than 1 MiB; a configuration is a few pages, is this the right file?")
    return _decoded(content, file)


def _decoded(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        raise _failed(file, "not UTF-8 text; save the file as UTF-8", line, column) from None


def _compose(text: str, file: str) -> Node:
    # ruamel costs 60 ms to import: only those who read a file pay
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    from rollway.config.composer import NotADocument, compose

    try:
        return compose(text)
    except NotADocument as error:
        raise _failed(file, error.sentence, error.line, error.column) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        raise _failed(file, _syntax(str(error.problem or error.context)), line, column) from None
    except (YAMLError, ValueError, IndexError) as error:
        raise _failed(file, f"not valid YAML: {str(error).splitlines()[0][:200]}") from None


def _syntax(problem: str) -> str:
    if r"'\t'" in problem or "tab" in problem:
        return "a tab cannot stand here; YAML is indented with spaces"
    hints = {
        "mapping values are not allowed here": "a value with ': ' in it needs quotes, or the indentation is off",
        "could not find expected ':'": "a key needs a ':' after it",
        "undefined alias": "an alias (*name) needs an anchor (&name) before it",
    }
    for sign, hint in hints.items():
        if sign in problem:
            return f"not valid YAML: {hint}"
    return f"not valid YAML: {problem}"


def _failed(
    file: str, message: str, line: int | None = None, column: int | None = None
) -> ConfigurationError:
    return ConfigurationError([Problem(file, line, column, "", message)])
