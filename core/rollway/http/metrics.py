"""What /metrics shows of the API itself, of the process, and how many rollouts stand in which phase."""

from __future__ import annotations

import contextlib
import time
from collections import Counter as Tally

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rollway.domain.words import ENDS, Phase
from rollway.engine.usecases import UseCases
from rollway.store.protocol import StoreUnavailable

_MOST_ROLLOUTS = 10_000


class Meters:
    """The API's own metrics, in a registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self.requests = Counter(
            "rollway_http_requests", "Answered requests", ["method", "route", "status"], registry=registry
        )
        self.seconds = Histogram(
            "rollway_http_request_seconds",
            "Time to the first byte of an answer",
            ["route"],
            registry=registry,
            buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
        )
        self.rollouts = Gauge(
            "rollway_rollouts", "Rollouts that have not ended, by phase", ["phase"], registry=registry
        )


class Measured:
    """Counts every request by route and status."""

    def __init__(self, app: ASGIApp, meters: Meters) -> None:
        self._app, self._meters = app, meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "unmatched")
                self._meters.requests.labels(_method(scope), route, message["status"]).inc()
                self._meters.seconds.labels(route).observe(time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, counted)


def _method(scope: Scope) -> str:
    """A method that exists: callers may invent any, a time series for each would be theirs to make."""
    method = str(scope["method"])
    return method if method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} else "other"


async def show(registry: CollectorRegistry, meters: Meters, usecases: UseCases) -> tuple[bytes, str]:
    """All metrics as text, and its media type. A store that cannot be read leaves the rollouts as last counted."""
    with contextlib.suppress(StoreUnavailable):
        rows = await usecases.rollouts(unfinished=True, limit=_MOST_ROLLOUTS)
        count = Tally(row.phase for row in rows)
        for phase in Phase:
            if phase not in ENDS:
                meters.rollouts.labels(phase.value).set(count[phase.value])
    return generate_latest(registry), CONTENT_TYPE_LATEST
