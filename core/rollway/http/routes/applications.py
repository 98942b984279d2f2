"""Applications: what `apply` registers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Response
from pydantic import JsonValue

from rollway.errors import ConfigurationError, Problem
from rollway.http import projection
from rollway.http.calling import Actor, Cases, Cursor, Key, Limit
from rollway.http.documents import ApplicationDocument, AppliedDocument, Page
from rollway.http.paging import after, last_of, page
from rollway.store.protocol import ApplicationRow

router = APIRouter(tags=["applications"])

Settings = Annotated[dict[str, JsonValue], Body(description="deploy.yaml as JSON")]


@router.get("/applications")
async def list_applications(
    cases: Cases, limit: Limit = 100, cursor: Cursor = None
) -> Page[ApplicationDocument]:
    """All applications, by name."""
    rows = after(await cases.applications(), last_of(cursor), _name)
    return page(rows, limit, _name, projection.application)


@router.get("/applications/{name}")
async def get_application(name: str, cases: Cases) -> ApplicationDocument:
    """One application as last applied."""
    return projection.application(await cases.application(name))


@router.put("/applications/{name}", status_code=200, responses={201: {"model": AppliedDocument}})
async def apply(
    name: str, settings: Settings, cases: Cases, actor: Actor, key: Key, response: Response
) -> AppliedDocument:
    """Register an application (201) or update it (200). The same settings again change nothing."""
    if settings.get("application") != name:
        told = Problem(None, None, None, "application", f"expected {name[:100]!r}, the name in the address")
        raise ConfigurationError([told])
    done = await cases.apply(name, settings, actor)
    response.status_code = 201 if done.changed and done.row.revision == 1 else 200
    return projection.applied(done)


def _name(row: ApplicationRow) -> str:
    return row.name
