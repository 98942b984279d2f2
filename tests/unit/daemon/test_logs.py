"""Log lines as they leave the daemon."""

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.contextvars import bound_contextvars

from rollway.daemon import logs
from rollway.daemon.options import LogLevel
from rollway.engine.effects import Trouble, call

log = logging.getLogger("rollway.somewhere")


@pytest.fixture(autouse=True)
def _logging_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_json_is_one_object_a_line_with_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")
    with bound_contextvars(rollout="r1", environment="shop/prod", step=3, plugin="envoy"):
        log.warning("it %s", "broke\nhere", extra={"step": 4, "path": Path("/a")})
    [line] = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert told.pop("timestamp").endswith("Z")
    assert told == {
        "event": "it broke\nhere",
        "level": "warning",
        "logger": "rollway.somewhere",
        "rollout": "r1",
        "environment": "shop/prod",
        "step": 4,
        "plugin": "envoy",
        "path": "/a",
    }


def test_text_is_one_line_whatever_somebody_wrote(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("text")
    log.info("aborted: %s", "so\n2026-01-01 [error] forged\x1b[31m\x9b", extra={"reason": "a\rb"})
    [line] = capsys.readouterr().err.splitlines()
    assert r"so\n2026-01-01 [error] forged\x1b[31m\x9b" in line
    assert "\x1b" not in line


def test_a_traceback_is_kept_whole(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")
    try:
        raise ValueError("inner")
    except ValueError:
        log.exception("it failed")
    told = json.loads(capsys.readouterr().err)
    assert "Traceback" in told["exception"]
    assert "ValueError: inner" in told["exception"]


@pytest.mark.parametrize(("level", "lines"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_the_level_says_what_is_written(
    capsys: pytest.CaptureFixture[str], level: LogLevel, lines: int
) -> None:
    logs.configure("text", level)
    for each in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        log.log(each, "so")
    assert len(capsys.readouterr().err.splitlines()) == lines


def test_what_libraries_chatter_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("text", "debug")
    logging.getLogger("aiosqlite").info("executing")
    logging.getLogger("uvicorn.error").info("started")
    assert capsys.readouterr().err == ""


def test_the_journal_gets_priorities_and_no_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "journal").open("w+") as journal:
        monkeypatch.setattr("sys.stderr", journal)
        found = os.fstat(journal.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino}")
        logs.configure("text")
        log.info("step 1")
        log.error("failed")
        journal.seek(0)
        first, second = journal.read().splitlines()
    assert first.startswith("<6>[info")
    assert second.startswith("<3>[error")


def test_a_journal_that_is_somebody_elses_is_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "1:2")
    assert not logs.is_journal()


async def test_what_a_plugin_breaks_bears_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    async def broken() -> None:
        raise ValueError("no such cluster")

    logs.configure("json")
    with pytest.raises(Trouble):
        await call("the router", broken(), 1.0, "envoy")
    told = json.loads(capsys.readouterr().err)
    assert told["plugin"] == "envoy"
    assert "no such cluster" in told["exception"]
