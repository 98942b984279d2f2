"""What /metrics shows of the API itself and of the process; the engine's metrics stand in the same registry."""

from __future__ import annotations

import time

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send


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


def show(registry: CollectorRegistry) -> tuple[bytes, str]:
    """All metrics as text, and its media type."""
    return generate_latest(registry), CONTENT_TYPE_LATEST
