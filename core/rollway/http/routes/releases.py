"""Releases: immutable versions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from rollway.engine.usecases import NewRelease
from rollway.http import projection
from rollway.http.calling import Actor, Cases, Cursor, Key, Limit
from rollway.http.documents import Page, ReleaseDocument
from rollway.http.paging import last_of, page
from rollway.http.requests import ReleaseBody
from rollway.store.protocol import ReleaseRow

router = APIRouter(tags=["releases"])


@router.get("/releases")
async def list_releases(
    cases: Cases,
    application: Annotated[str, Query(min_length=1, max_length=100)],
    name: Annotated[str | None, Query(max_length=100)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[ReleaseDocument]:
    """An application's releases, newest first; with `name` that one alone."""
    if name is not None:
        return Page(items=[projection.release(await cases.release(application, name))])
    rows = await cases.releases(application, limit + 1, last_of(cursor))
    return page(rows, limit, _name, projection.release)


@router.post("/releases", status_code=201)
async def register(body: ReleaseBody, cases: Cases, actor: Actor, key: Key) -> ReleaseDocument:
    """Register a release. The same content under the same name is found; other content is a conflict (409)."""
    new = NewRelease(body.application, body.name, body.artifact, body.source, body.settings)
    return projection.release(await cases.register(new, actor))


def _name(row: ReleaseRow) -> str:
    return row.name
