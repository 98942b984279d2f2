"""The routes of the API, one file for each thing it speaks of."""

from fastapi import APIRouter

from rollway.http.calling import PROBLEMS
from rollway.http.routes import (
    applications,
    artifacts,
    controls,
    daemons,
    environments,
    plans,
    releases,
    rollouts,
)


def api() -> APIRouter:
    """Everything under /api/v1."""
    router = APIRouter(prefix="/api/v1", responses=PROBLEMS)
    for part in (applications, environments, artifacts, releases, rollouts, controls, plans, daemons):
        router.include_router(part.router)
    return router
