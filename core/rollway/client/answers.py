"""What the daemon says no with, as the errors of `rollway.errors`: problem documents read back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from pydantic import ValidationError

from rollway import errors
from rollway.http.documents import ProblemDocument, ProblemItem, RefusalItem

_BY_WORD: Final[Mapping[str, type[errors.RollwayError]]] = {
    "artifact-too-large": errors.ArtifactTooLargeError,
    "digest-mismatch": errors.DigestMismatchError,
    "artifact": errors.ArtifactError,
    "plugin": errors.PluginError,
    "not-ready": errors.UnreachableError,
}
_BY_STATUS: Final[Mapping[int, type[errors.RollwayError]]] = {
    401: errors.ForbiddenError,
    403: errors.ForbiddenError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    421: errors.ForbiddenError,
    502: errors.UnreachableError,
}


def error_of(server: str, status: int, content: bytes) -> errors.RollwayError:
    """The error of an answer that is none of success; UnreachableError where something else answered."""
    try:
        document = ProblemDocument.model_validate_json(content)
    except ValidationError:
        return misunderstood(server, status)
    return _of_problem(document)


def misunderstood(server: str, status: int) -> errors.UnreachableError:
    """That something answered, and not as a daemon does."""
    return errors.UnreachableError(
        f"what answers at {server} is no Rollway daemon (HTTP {status})",
        advice="name the daemon with --server, or start one with: rollway daemon",
    )


def _of_problem(document: ProblemDocument) -> errors.RollwayError:
    word = document.type.rpartition(":")[2]
    if word in _CONFIGURATION:
        error: errors.RollwayError = _CONFIGURATION[word](document)
    else:
        kind = _BY_WORD.get(word) or _BY_STATUS.get(document.status, errors.RollwayError)
        error = kind(document.detail)
    error.advice = document.advice
    return error


def _not_built(document: ProblemDocument) -> errors.NotBuiltError:
    return errors.NotBuiltError([_refusal(each) for each in document.refusals or ()])


def _configuration(document: ProblemDocument) -> errors.ConfigurationError:
    problems = [_problem(each) for each in document.problems or ()]
    refusals = [_refusal(each) for each in document.refusals or ()]
    if not problems and not refusals:
        problems = [errors.Problem(None, None, None, "", document.detail)]
    return errors.ConfigurationError(problems, refusals)


_CONFIGURATION: Final[Mapping[str, Callable[[ProblemDocument], errors.RollwayError]]] = {
    "not-built": _not_built,
    "configuration": _configuration,
    "invalid-request": _configuration,
}


def _problem(each: ProblemItem) -> errors.Problem:
    return errors.Problem(each.file, each.line, each.column, each.path, each.message, each.suggestion)


def _refusal(each: RefusalItem) -> errors.Refusal:
    return errors.Refusal(each.file, each.line, each.column, each.path, each.sentence)
