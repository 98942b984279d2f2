"""Environments: what runs where, and going back."""

from __future__ import annotations

from fastapi import APIRouter, Response

from rollway.engine.usecases import EnvironmentView
from rollway.http import places, projection, records
from rollway.http.calling import Actor, Cases, Cursor, Key, Limit
from rollway.http.documents import EnvironmentDocument, Page, PastRolloutDocument, RolloutDocument
from rollway.http.paging import after, last_of, page
from rollway.http.requests import RollbackBody
from rollway.http.routes.rollouts import started

router = APIRouter(tags=["environments"])


@router.get("/applications/{name}/environments")
async def list_environments(
    name: str, cases: Cases, limit: Limit = 100, cursor: Cursor = None
) -> Page[EnvironmentDocument]:
    """The environments of an application, by name."""
    await cases.application(name)
    views = after(await cases.environments(name), last_of(cursor), _name)
    return page(views, limit, _name, places.environment)


@router.get("/applications/{name}/environments/{environment}")
async def get_environment(name: str, environment: str, cases: Cases) -> EnvironmentDocument:
    """What runs in one environment, at what weight."""
    return places.environment(await cases.environment(name, environment))


@router.get("/applications/{name}/environments/{environment}/history")
async def history(
    name: str, environment: str, cases: Cases, limit: Limit = 50, cursor: Cursor = None
) -> Page[PastRolloutDocument]:
    """What was brought to an environment, by whom, when, and how it ended; newest first."""
    rows = await cases.history(name, environment, limit + 1, last_of(cursor))
    return page(rows, limit, records.past_id, records.past)


@router.post(
    "/applications/{name}/environments/{environment}/rollback",
    status_code=201,
    responses={200: {"model": RolloutDocument}},
)
async def rollback(
    name: str,
    environment: str,
    cases: Cases,
    actor: Actor,
    key: Key,
    response: Response,
    body: RollbackBody | None = None,
) -> RolloutDocument:
    """Back to the last good release or the one named: a new rollout (201), or the end of the running one (200).

    While a rollout goes on, one that is being taken back as well, ending it is all that happens, unless `to` names
    another release than the stable one. `outcome` says which it was.
    """
    asked = body or RollbackBody()
    view = await cases.rollback(name, environment, asked.to, actor, asked.reason, key)
    return started(projection.rollout(view), response)


def _name(view: EnvironmentView) -> str:
    return view.state.name
