"""The HTTP API: thin, it holds no rules.

`create_app` makes the application, `rollway.http.serving` serves it, `rollway.http.documents` are the shapes it speaks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI
    from prometheus_client import CollectorRegistry

    from rollway.engine.usecases import UseCases


def create_app(usecases: UseCases, *, registry: CollectorRegistry | None = None) -> FastAPI:
    """The API of these use cases.

    `registry` is what `/metrics` shows: the engine may have put its own metrics in; the API's own join them. Nothing
    is imported before this is called, so that the command line can use the documents alone.
    """
    from rollway.http.app import build

    return build(usecases, registry)


__all__ = ["create_app"]
