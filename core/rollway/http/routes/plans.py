"""Plans that start nothing, and the plugins that make them."""

from __future__ import annotations

from fastapi import APIRouter

from rollway.engine.usecases import PluginView
from rollway.http import projection
from rollway.http.calling import Cases, Cursor, Limit
from rollway.http.documents import Page, PlanDocument, PluginDocument
from rollway.http.paging import after, last_of, page
from rollway.http.requests import PlanBody

router = APIRouter(tags=["plans"])


@router.post("/plans")
async def make_plan(body: PlanBody, cases: Cases) -> PlanDocument:
    """The plan a deploy would follow now. A release not known yet is planned as if it existed, with a warning."""
    return projection.plan(await cases.plan(body.application, body.environment, body.release))


@router.get("/plugins", tags=["plugins"])
async def list_plugins(cases: Cases, limit: Limit = 500, cursor: Cursor = None) -> Page[PluginDocument]:
    """What is loaded, and what is not and why."""
    rows = after(cases.plugins(), last_of(cursor), _name)
    return page(rows, limit, _name, projection.plugin)


def _name(view: PluginView) -> str:
    return f"{view.kind}/{view.name}"
