"""The application: routes, guard, metrics and problem documents, put together."""

from __future__ import annotations

import asyncio
import logging

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rollway import __version__
from rollway.engine.usecases import UseCases
from rollway.http import problems
from rollway.http.calling import PROBLEMS
from rollway.http.guard import Guard
from rollway.http.metrics import Measured, Meters
from rollway.http.openapi import describe
from rollway.http.routes import api, front, operation

_log = logging.getLogger("rollway.http")


def build(usecases: UseCases, registry: CollectorRegistry | None = None) -> FastAPI:
    """See `rollway.http.create_app`."""
    app = FastAPI(
        title="Rollway",
        version=__version__,
        summary="Releases that go out a little at a time and come back by themselves when they hurt.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=PROBLEMS,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.usecases = usecases
    app.state.registry = registry if registry is not None else CollectorRegistry()
    app.state.meters = Meters(app.state.registry)
    app.state.stopping = asyncio.Event()
    app.include_router(api())
    for part in (operation, front):
        app.include_router(part.router)
    problems.install(app)
    for middleware in (Guard, Unbroken):
        app.add_middleware(middleware)
    app.add_middleware(Measured, meters=app.state.meters)
    describe(app)
    return app


class Unbroken:
    """What nobody foresaw is logged whole and told to nobody but the log."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception:  # the top of a request
            _log.exception("%s %s broke", scope.get("method"), scope.get("path"))
            if begun:
                raise
            document = problems.problem(
                500, "unexpected", "the daemon could not do this; its log says why", advice="report it"
            )
            await problems.response(document)(scope, receive, send)
