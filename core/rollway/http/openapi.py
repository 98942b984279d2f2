"""The OpenAPI document: generated from the models, completed by the shape of problems, which every route may answer."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from rollway.http.documents import ProblemDocument

_TEMPLATE = "#/components/schemas/{model}"


def describe(app: FastAPI) -> None:
    """Let /openapi.json tell what the models say, and no validation error that this API does not send."""
    made: dict[str, Any] = {}

    def document() -> dict[str, Any]:
        if not made:
            made.update(
                get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
            )
            schemas = made.setdefault("components", {}).setdefault("schemas", {})
            problem = ProblemDocument.model_json_schema(ref_template=_TEMPLATE)
            schemas.update(problem.pop("$defs", {}))
            schemas[ProblemDocument.__name__] = problem
        return made

    app.openapi = document  # type: ignore[method-assign]
