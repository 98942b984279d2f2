"""Databases that released versions left behind are brought up to date, whole."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from rollway.store import open_store, sqlite_url
from rollway.store.maintenance import check
from tests.corpus.logs import Kept, kept

ONE_OF_EACH_VERSION = {log.version: log for log in kept()}


@pytest.mark.parametrize("log", ONE_OF_EACH_VERSION.values(), ids=lambda log: log.version)
async def test_a_database_of_a_released_version_is_brought_up_to_date(log: Kept, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "rollway.db")) as connection:
        connection.executescript(log.sql())
    url = sqlite_url(tmp_path / "rollway.db")
    store = await open_store(url)
    try:
        heads = await store.heads()
        assert {stream: len(await store.read(stream)) for stream in heads} == heads
        assert heads.keys() == log.expected.keys()
    finally:
        await store.aclose()
    found = await check(url)
    assert found.current
    assert found.problems == ()
