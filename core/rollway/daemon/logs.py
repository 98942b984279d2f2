"""Structured logs on standard error: for people, or one JSON object a line."""

import logging
import sys

import structlog


def configure(*, as_json: bool) -> None:
    """Send what the standard library's loggers say through structlog, with its fields."""
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    last: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for noisy in ("aiosqlite", "asyncio", "httpx", "httpcore", "sqlalchemy", "uvicorn", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
