"""What operators and their tools ask: metrics, health, readiness."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from rollway.http.calling import Cases
from rollway.http.documents import HealthDocument
from rollway.http.metrics import show
from rollway.http.problems import Refused

router = APIRouter(tags=["operation"])


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz")
async def healthz() -> HealthDocument:
    """That the daemon answers."""
    return HealthDocument(status="ok")


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz")
async def readyz(cases: Cases) -> HealthDocument:
    """That the daemon serves: 200, or 503 with what it waits for."""
    waiting = await cases.ready()
    if waiting:
        raise Refused(503, "not-ready", waiting)
    return HealthDocument(status="ready")


@router.get("/metrics", response_class=Response)
async def metrics(request: Request) -> Response:
    """Metrics in Prometheus' text format."""
    content, media_type = show(request.app.state.registry)
    return Response(content, media_type=media_type)
