"""Structured logs on standard error: a line for people, or one JSON object a line.

Fields are `timestamp` (RFC 3339, UTC), `level`, `logger`, `event`, and where they apply `rollout`, `environment`
(`application/environment`), `step`, `plugin`, `actor`; a failure nobody foresaw adds `exception`.
"""

import logging
import os
import sys

import structlog
from structlog.typing import EventDict, WrappedLogger

from rollway.daemon.options import LogFormat, LogLevel
from rollway.daemon.repeats import Repeats

_NOISY = ("aiosqlite", "asyncio", "httpx", "httpcore", "sqlalchemy", "uvicorn", "alembic")
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {
    9: "\\t",
    10: "\\n",
    13: "\\r",
}


def configure(log_format: LogFormat = "text", level: LogLevel = "info") -> None:
    """Send what the standard library's loggers say through structlog, with its fields."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(log_format))
    handler.addFilter(Repeats())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))


def _formatter(log_format: LogFormat) -> logging.Formatter:
    for_journal = is_journal()
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.format_exc_info,
    ]
    if log_format == "json" or not for_journal:  # the journal has times of its own
        shared.append(structlog.processors.TimeStamper(fmt="iso", utc=True))
    last: list[structlog.typing.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if log_format == "json":
        last.append(structlog.processors.JSONRenderer(default=str))
    else:
        last += [one_line, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), sort_keys=False)]
    kind = Prioritised if for_journal else structlog.stdlib.ProcessorFormatter
    return kind(foreign_pre_chain=shared, processors=last)


def is_journal() -> bool:
    """Whether standard error goes to systemd's journal (`JOURNAL_STREAM`, systemd.exec(5))."""
    try:
        found = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


class Prioritised(structlog.stdlib.ProcessorFormatter):
    """Each line with its priority before it, as sd-daemon(3) has it, so that `journalctl -p warning` works."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        level = next((number for least, number in _PRIORITIES if record.levelno >= least), 7)
        return "\n".join(f"<{level}>{line}" for line in super().format(record).splitlines())


def one_line(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Keep what somebody else wrote (a reason, a program's last words) from looking like lines of ours."""
    return {
        key: value.translate(_CONTROL) if isinstance(value, str) and key != "exception" else value
        for key, value in event.items()
    }
