"""Artifacts: tars, kept by their digest."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from rollway.http.calling import Cases, Key
from rollway.http.documents import ArtifactDocument
from rollway.http.problems import Refused

router = APIRouter(tags=["artifacts"])

Digest = Annotated[str, Path(pattern=r"^sha256:[0-9a-f]{64}$")]
_BODY = {"requestBody": {"required": True, "content": {"application/x-tar": {"schema": {"type": "string"}}}}}


@router.head("/artifacts/{digest}")
async def has_artifact(digest: Digest, cases: Cases) -> Response:
    """Whether this tar is kept: 200, or 404."""
    return Response(status_code=200 if await cases.has_artifact(digest) else 404)


@router.put(
    "/artifacts/{digest}",
    status_code=200,
    responses={201: {"model": ArtifactDocument}},
    openapi_extra=_BODY,
)
async def put_artifact(
    digest: Digest, request: Request, cases: Cases, key: Key, response: Response
) -> ArtifactDocument:
    """Keep a tar (201), or find it kept already (200). What is not what its digest says is refused."""
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Refused(415, "content-encoding", "send the tar itself, not compressed")
    created = await cases.put_artifact(digest, _chunks(request))
    response.status_code = 201 if created else 200
    return ArtifactDocument(digest=digest, created=created)


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    async for chunk in request.stream():
        if chunk:
            yield chunk
