"""Exit codes, and the one place where an error becomes a code and a text.

| code | |
| --- | --- |
| 0 | done: promoted or baking |
| 1 | unexpected error |
| 2 | wrong usage or invalid configuration |
| 3 | rolled back |
| 4 | aborted |
| 5 | failed, a person is needed |
| 6 | the daemon cannot be reached |
| 7 | not allowed |
| 8 | conflict |
| 9 | the time to follow is over; the rollout goes on |
| 10 | not found |
| 130 | Ctrl-C; a rollout goes on |
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import IntEnum
from typing import Final

import typer

from rollway import errors
from rollway.cli.plain import plain
from rollway.domain.words import Phase


class Exit(IntEnum):
    """How a command ended."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    ROLLED_BACK = 3
    ABORTED = 4
    FAILED = 5
    UNREACHABLE = 6
    FORBIDDEN = 7
    CONFLICT = 8
    STILL_GOING = 9
    NOT_FOUND = 10
    INTERRUPTED = 130


class UsageError(errors.RollwayError):
    """The command line does not make sense."""


_BY_PHASE: Final[Mapping[Phase, Exit]] = {
    Phase.PROMOTED: Exit.DONE,
    Phase.BAKING: Exit.DONE,
    Phase.ROLLED_BACK: Exit.ROLLED_BACK,
    Phase.ABORTED: Exit.ABORTED,
    Phase.FAILED: Exit.FAILED,
}

_BY_ERROR: Final[Mapping[type[Exception], Exit]] = {
    UsageError: Exit.USAGE,
    errors.ConfigurationError: Exit.USAGE,
    errors.ArtifactError: Exit.USAGE,
    errors.UnreachableError: Exit.UNREACHABLE,
    errors.ForbiddenError: Exit.FORBIDDEN,
    errors.ConflictError: Exit.CONFLICT,
    errors.NotFoundError: Exit.NOT_FOUND,
}


def of_phase(phase: Phase) -> Exit:
    """The code of a rollout that is followed no longer; STILL_GOING where it has not ended."""
    return _BY_PHASE.get(phase, Exit.STILL_GOING)


def explain(error: Exception) -> tuple[int, str]:
    """The exit code of an error, and what to print on standard error: what is wrong, and what to do next."""
    if isinstance(error, typer.TyperException):
        return _usage(error)
    code = next((code for kind, code in _BY_ERROR.items() if isinstance(error, kind)), Exit.UNEXPECTED)
    advice = getattr(error, "advice", None)
    if not isinstance(error, errors.RollwayError) and not advice:
        return Exit.UNEXPECTED, _text(f"unexpected: {type(error).__name__}: {error}", _REPORT)
    return code, _text(str(getattr(error, "problem", error)), advice)


_REPORT: Final = "run it again with ROLLWAY_DEBUG=1 and report what it prints"


def _usage(error: typer.TyperException) -> tuple[int, str]:
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "rollway"
    message = _in_plain_words(error.format_message().rstrip("."))
    return Exit.USAGE, _text(message[:1].lower() + message[1:], f"see {command} --help")


_PLAINER: Final = (
    (r"Value error, ", ""),
    (r"Input should be a valid integer\b.*", "expected a whole number"),
    (r"Input should be a valid number\b.*", "expected a number"),
    (r"Input should be greater than or equal to (\S+)", r"expected \1 or more"),
    (r"Input should be less than or equal to (\S+)", r"expected \1 or less"),
    (r"Input should be ", "expected "),
)
"""What typer says in pydantic's words, and how people say it."""


def _in_plain_words(message: str) -> str:
    for theirs, ours in _PLAINER:
        message = re.sub(theirs, ours, message)
    return message


def _text(what: str, advice: str | None) -> str:
    what = plain(what) or "nothing is known about what went wrong"
    if not advice:
        return f"rollway: {what}\n"
    return f"rollway: {what}{chr(10) if chr(10) in what else '; '}{plain(advice)}\n"
