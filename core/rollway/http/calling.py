"""What every route may ask of its request: the use cases, who calls, under which key."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, cast

from fastapi import Depends, Header, Query, Request

from rollway.engine.usecases import UseCases
from rollway.http.documents import ProblemDocument
from rollway.http.problems import MEDIA_TYPE, Refused

PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    "default": {
        "description": "What went wrong (RFC 9457)",
        "content": {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{ProblemDocument.__name__}"}}},
    }
}
"""For OpenAPI: every route may answer so."""

_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")


def _usecases(request: Request) -> UseCases:
    return cast("UseCases", request.app.state.usecases)


def _actor(x_rollway_actor: Annotated[str | None, Header()] = None) -> str:
    """Who calls, by their own word: not verified until access control exists."""
    if x_rollway_actor is None:
        return "user:unknown"
    if not _NAME.fullmatch(x_rollway_actor):
        raise Refused(
            400, "actor", "X-Rollway-Actor takes letters, digits and ._@+- only, at most 64 characters"
        )
    return f"user:{x_rollway_actor}"


def _key(request: Request, idempotency_key: Annotated[str | None, Header()] = None) -> str | None:
    """The caller's key, told apart by route: one key may serve for several different calls."""
    if idempotency_key is None:
        return None
    if not _KEY.fullmatch(idempotency_key):
        raise Refused(400, "idempotency-key", "an Idempotency-Key has 1 to 255 printable ASCII characters")
    return f"{request.method} {request.url.path} {idempotency_key}"


Cases = Annotated[UseCases, Depends(_usecases)]
Actor = Annotated[str, Depends(_actor)]
Key = Annotated[str | None, Depends(_key)]
Limit = Annotated[int, Query(ge=1, le=500, description="The most items of a page")]
Cursor = Annotated[str | None, Query(max_length=500, description="`next` of the page before")]
