"""Errors as problem documents (RFC 9457): the one place where the API translates them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from rollway import errors
from rollway.engine.codec import UnreadableEvent
from rollway.http.documents import ProblemDocument, ProblemItem, RefusalItem
from rollway.store.protocol import ReleaseDiffers, StoreUnavailable

MEDIA_TYPE: Final = "application/problem+json"

_log = logging.getLogger("rollway.http")

_STATUS: Final[Mapping[type[Exception], tuple[int, str]]] = {
    errors.NotBuiltError: (422, "not-built"),
    errors.ConfigurationError: (422, "configuration"),
    errors.ArtifactTooLargeError: (413, "artifact-too-large"),
    errors.DigestMismatchError: (422, "digest-mismatch"),
    errors.ArtifactError: (422, "artifact"),
    errors.PluginError: (500, "plugin"),
    errors.UnreachableError: (502, "unreachable"),
    errors.ForbiddenError: (403, "forbidden"),
    errors.ConflictError: (409, "conflict"),
    errors.NotFoundError: (404, "not-found"),
    errors.RollwayError: (400, "refused"),
    ReleaseDiffers: (409, "release-differs"),
    StoreUnavailable: (503, "store-unavailable"),
    UnreadableEvent: (501, "newer-log"),
}
"""From the leaf up: the first that fits counts."""


class Refused(Exception):
    """A request that the API itself says no to."""

    def __init__(self, status: int, word: str, detail: str, advice: str | None = None) -> None:
        super().__init__(detail)
        self.document = problem(status, word, detail, advice=advice)


def problem(
    status: int,
    word: str,
    detail: str,
    *,
    advice: str | None = None,
    problems: Sequence[ProblemItem] | None = None,
    refusals: Sequence[RefusalItem] | None = None,
) -> ProblemDocument:
    """A problem document; `word` ends its type."""
    return ProblemDocument(
        type=f"urn:rollway:problem:{word}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        advice=advice,
        problems=list(problems) if problems is not None else None,
        refusals=list(refusals) if refusals is not None else None,
    )


def response(document: ProblemDocument, headers: Mapping[str, str] | None = None) -> Response:
    """A problem document as an answer."""
    content = document.model_dump_json(exclude_none=True)
    return Response(content, document.status, dict(headers or {}), MEDIA_TYPE)


def explain(error: Exception) -> ProblemDocument:
    """The problem document of an error that the use cases raise."""
    status, word = next(said for kind, said in _STATUS.items() if isinstance(error, kind))
    if isinstance(error, errors.ConfigurationError):
        return problem(
            status,
            word,
            str(error),
            advice=error.advice,
            problems=[_item(each) for each in error.problems],
            refusals=[_refusal(each) for each in error.refusals],
        )
    if isinstance(error, StoreUnavailable):
        return problem(status, word, error.problem, advice=error.advice)
    return problem(status, word, str(error), advice=getattr(error, "advice", None))


def _item(each: errors.Problem) -> ProblemItem:
    return ProblemItem(
        path=each.path,
        message=each.message,
        file=each.file,
        line=each.line,
        column=each.column,
        suggestion=each.suggestion,
    )


def _refusal(each: errors.Refusal) -> RefusalItem:
    return RefusalItem(
        path=each.path, sentence=each.sentence, file=each.file, line=each.line, column=each.column
    )


async def _known(request: Request, error: Exception) -> Response:
    document = explain(error)
    if document.status >= 500:
        _log.error("%s %s: %s", request.method, request.url.path, error)
    return response(document, {"Retry-After": "1"} if document.status == 503 else None)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101 - registered for this type
    return response(error.document)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type
    items = [ProblemItem(path=_place(each["loc"]), message=str(each["msg"])[:500]) for each in error.errors()]
    detail = "; ".join(f"{item.path}: {item.message}" for item in items[:10])
    return response(problem(422, "invalid-request", detail, problems=items))


def _place(location: Sequence[str | int]) -> str:
    """`("body", "settings", 0)` as `settings[0]`; what is not the body keeps its name in front."""
    parts = location[1:] if location[:1] == ("body",) else location
    written = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return (written.removeprefix(".") or "body")[:500]


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type
    details = {
        404: ("not-found", f"there is nothing at {request.url.path[:200]}"),
        405: ("method", f"{request.method} is not possible at {request.url.path[:200]}"),
    }
    word, detail = details.get(error.status_code, ("request", str(error.detail)))
    advice = "see /openapi.json for what there is" if error.status_code in details else None
    return response(problem(error.status_code, word, detail, advice=advice), error.headers)


async def _gone(request: Request, error: Exception) -> Response:
    return Response(status_code=400)


def install(app: FastAPI) -> None:
    """Let an application answer every error with a problem document."""
    for kind in (errors.RollwayError, ReleaseDiffers, StoreUnavailable, UnreadableEvent):
        app.add_exception_handler(kind, _known)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _gone)
