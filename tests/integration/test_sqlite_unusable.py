"""A database that cannot be used is named, with the reason and what to do, and left as it was."""
# ruff: noqa: ASYNC240 - files are small here, and nothing else runs in the loop

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rollway.store import Append, NewEvent, StoreUnavailable, open_store, sqlite_url

TICK = NewEvent("Ticked", 1, "daemon:a", {}, 1.0)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Permissions mean nothing to root."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rollway.db"


class TestFilesThatCannotBeUsed:
    async def assert_refused(self, path: Path, reason: str) -> None:
        with pytest.raises(StoreUnavailable, match=reason) as caught:
            await open_store(sqlite_url(path))
        assert str(path) in str(caught.value) or str(path.parent) in str(caught.value)
        assert caught.value.advice

    async def test_a_folder(self, tmp_path: Path) -> None:
        await self.assert_refused(tmp_path, "is a folder")

    async def test_no_folder_for_it(self, tmp_path: Path) -> None:
        await self.assert_refused(tmp_path / "missing" / "rollway.db", "is no folder")

    async def test_a_file_in_place_of_the_folder(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        await self.assert_refused(tmp_path / "file" / "rollway.db", "is no folder")

    async def test_something_else_than_a_database(self, path: Path) -> None:
        path.write_text("version: 1\napplication: shop\n" * 100)
        await self.assert_refused(path, "not a SQLite database")
        assert path.read_text().startswith("version: 1")

    async def test_a_damaged_file(self, path: Path) -> None:
        store = await open_store(sqlite_url(path))
        await store.append(Append("r1", 0, (NewEvent("T", 1, "a:b", {"x": "y" * 1000}, 1.0),) * 500))
        await store.aclose()
        with path.open("r+b") as file:
            file.seek(4096)
            file.write(os.urandom(path.stat().st_size - 4096))
        with pytest.raises(StoreUnavailable, match=r"is damaged.*backup"):
            await self.open_and_read(path)

    async def open_and_read(self, path: Path) -> None:
        store = await open_store(sqlite_url(path))
        try:
            await store.read("r1")
        finally:
            await store.aclose()

    @pytest.mark.parametrize(
        ("folder", "file", "reason"),
        [
            (0o755, 0o444, "read-only.*writable"),
            (0o555, 0o444, "(read-only|cannot be opened).*user that runs the daemon"),
            (0o555, 0o000, "cannot be opened.*user that runs the daemon"),
            (0o000, 0o000, "may not be entered.*user that runs the daemon"),
        ],
    )
    async def test_no_permission(self, others_folder: Path, folder: int, file: int, reason: str) -> None:
        path = others_folder / "rollway.db"
        store = await open_store(sqlite_url(path))
        await store.aclose()
        path.chmod(file)
        others_folder.chmod(folder)
        with as_nobody():
            await self.assert_refused(path, reason)

    @pytest.fixture
    def others_folder(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory() as name:  # pytest's own folders may be entered by their owner only
            yield Path(name)
            Path(name).chmod(0o755)

    async def test_a_new_file_where_nobody_may_write(self, others_folder: Path) -> None:
        others_folder.chmod(0o555)
        with as_nobody():
            await self.assert_refused(others_folder / "rollway.db", "cannot be opened.*may write there")

    async def test_somebody_else_s_database(self, path: Path) -> None:
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE cats (name TEXT)")
        connection.close()
        before = path.read_bytes()
        await self.assert_refused(path, "something else")
        assert path.read_bytes() == before
        assert [file.name for file in path.parent.iterdir()] == [path.name]

    async def test_a_database_of_a_newer_version(self, path: Path) -> None:
        store = await open_store(sqlite_url(path))
        await store.aclose()
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
            connection.execute(
                "UPDATE keyed_values SET value = '\"9999\"' WHERE key = 'schema/compatible-from'"
            )
        connection.close()
        before = path.read_bytes()
        await self.assert_refused(path, "newer version of Rollway.*9999.*Use that version")
        assert path.read_bytes() == before

    async def test_a_newer_database_that_this_version_may_write_to_is_used_as_it_is(self, path: Path) -> None:
        store = await open_store(sqlite_url(path))
        await store.aclose()
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.close()
        store = await open_store(sqlite_url(path))
        await store.append(Append("r1", 0, (TICK,)))
        await store.aclose()
        with sqlite3.connect(path) as connection:
            assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]
        connection.close()

    async def test_one_that_another_process_holds(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("rollway.store.sqlite.BUSY_MS", 50)
        store = await open_store(sqlite_url(path))
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match=r"another process.*locked"):
            await store.append(Append("r1", 0, (TICK,)))
        assert await store.heads() == {}
        holder.execute("ROLLBACK")
        holder.close()
        await store.append(Append("r1", 0, (TICK,)))
        await store.aclose()

    @pytest.mark.parametrize(
        ("given", "reason"),
        [
            ("postgresql://user:%zzhunter2@localhost/rollway", "not the URL"),
            ("postgresql://user:hunter2@localhost/rollway?no-such=1", "not the URL"),
            ("oracle://user:hunter2@localhost/rollway", "'oracle'"),
            ("sqlite+nonsense", "not the URL"),
            ("sqlite://", "names no file"),
            ("sqlite:///:memory:", "names no file"),
            ("rollway.db", "not the URL"),
            ("", "not the URL"),
            ("://user:hunter2@", "not the URL"),
            ("mysql+nonsense://user:hunter2@h/x", "'mysql"),
            ("sqlite:///\x00.db", "names no file"),
        ],
    )
    async def test_urls_that_name_no_database(self, given: str, reason: str) -> None:
        with pytest.raises(StoreUnavailable, match=reason) as caught:
            await open_store(given)
        assert "sqlite:////" in caught.value.advice or "postgresql://" in caught.value.advice
        assert "hunter2" not in str(caught.value)
