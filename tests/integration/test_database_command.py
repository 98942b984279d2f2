"""`rollway db`: what it says, how it exits, and that a backup taken while a daemon writes opens and is whole."""

import asyncio
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from rollway.cli.main import main
from rollway.daemon.folder import held, held_file
from rollway.store import Append, NewEvent, Store, Summary, open_store, sqlite_url
from rollway.testing.postgres import PostgresServer, binaries
from tests.integration.test_sqlite_store import migrate_to

BIG = NewEvent("Ticked", 1, "daemon:a", {"output": "x" * 2000}, 1.0)
GUIDE = (Path(__file__).parents[2] / "docs/how-to/run-the-daemon.md").read_text("utf-8")


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


class Run:
    """`rollway db WORDS` in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: object) -> Done:
        self._capsys.readouterr()
        code = main(["db", *map(str, words)])
        out, err = self._capsys.readouterr()
        return Done(code, out, err)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(capsys)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder whose database holds something."""
    folder = tmp_path / "data"
    folder.mkdir()

    async def fill() -> None:
        store = await open_store(sqlite_url(folder / "rollway.db"))
        await store.append(Append("r1", 0, (BIG,) * 5), Append("e1", 0, (BIG,) * 3))
        await store.aclose()

    asyncio.run(fill())
    return folder


def spoil(data: Path, statement: str) -> None:
    with closing(sqlite3.connect(data / "rollway.db", isolation_level=None)) as connection:
        connection.execute(statement)


class TestCheck:
    def test_of_what_is_well(self, run: Run, data: Path) -> None:
        done = run("check", "--data", data)
        assert (done.code, done.err) == (0, "")
        assert done.out.startswith(f"{data}/rollway.db: revision 0002, current\n8 events in 2 streams, ")
        assert done.out.endswith("\nnothing is wrong\n")

    def test_for_scripts(self, run: Run, data: Path) -> None:
        found = json.loads(run("check", "--data", data, "-o", "json").out)
        size = found.pop("bytes")
        assert size >= (data / "rollway.db").stat().st_size > 0
        assert found == {
            "database": str(data / "rollway.db"),
            "revision": "0002",
            "newest": "0002",
            "current": True,
            "streams": 2,
            "events": 8,
            "problems": [],
        }

    @pytest.mark.parametrize(
        ("damage", "problem"),
        [
            ("UPDATE streams SET head = 4 WHERE stream = 'r1'", "stream r1: its head is 4, its events are 5 from 1 to 5"),
            ("UPDATE streams SET head = 9 WHERE stream = 'r1'", "stream r1: its head is 9, its events are 5 from 1 to 5"),
            ("DELETE FROM events WHERE stream = 'r1' AND seq = 3", "stream r1: its head is 5, its events are 4 from 1 to 5"),
            ("DELETE FROM events WHERE stream = 'r1'", "stream r1: its head is 5, its events are none"),
            ("UPDATE events SET seq = 0 WHERE stream = 'e1' AND seq = 1", "stream e1: its head is 3, its events are 3 from 0 to 3"),
            ("DELETE FROM streams WHERE stream = 'r1'", "stream r1: it has no head, its events are 5 from 1 to 5"),
        ],
    )  # fmt: skip
    def test_of_a_log_that_is_not_whole(self, run: Run, data: Path, damage: str, problem: str) -> None:
        spoil(data, damage)
        done = run("check", "--data", data)
        assert done.code == 5
        assert problem in done.out
        assert "put a backup in its place" in done.err
        assert json.loads(run("check", "--data", data, "-o", "json").out)["problems"] == [problem]

    def test_of_a_damaged_file(self, run: Run, data: Path) -> None:
        path = data / "rollway.db"
        content = bytearray(path.read_bytes())
        spoil(data, "PRAGMA wal_checkpoint(TRUNCATE)")
        index = content.rindex(b"xxxx") // 4096 * 4096
        content[index : index + 64] = bytes(64)
        path.write_bytes(content)
        assert run("check", "--data", data).code in (1, 5)

    def test_of_an_older_one_changes_nothing(self, run: Run, tmp_path: Path) -> None:
        migrate_to(tmp_path / "rollway.db", "0001")
        done = run("check", "--data", tmp_path)
        assert done.code == 0
        assert "revision 0001, 0002 is the newest: rollway db upgrade" in done.out
        assert json.loads(run("check", "--data", tmp_path, "-o", "json").out)["current"] is False

    @pytest.mark.parametrize("action", [["check"], ["upgrade"], ["backup", "copy.db"]])
    def test_where_there_is_none(
        self, run: Run, tmp_path: Path, action: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        done = run(*action)
        assert done.code == 10
        assert f"there is no database at {tmp_path}/.rollway/rollway.db; `rollway daemon`" in done.err
        assert list(tmp_path.iterdir()) == []

    def test_of_somebody_else_s(self, run: Run, tmp_path: Path) -> None:
        with closing(sqlite3.connect(tmp_path / "cats.db")) as connection:
            connection.execute("CREATE TABLE cats (name TEXT)")
        done = run("check", "--database", sqlite_url(tmp_path / "cats.db"))
        assert done.code == 1
        assert "something else than Rollway's data" in done.err


class TestUpgrade:
    def test_from_and_to(self, run: Run, tmp_path: Path) -> None:
        migrate_to(tmp_path / "rollway.db", "0001")
        assert (
            run("upgrade", "--data", tmp_path).out == f"{tmp_path}/rollway.db: from revision 0001 to 0002\n"
        )
        assert run("upgrade", "--data", tmp_path).out == f"{tmp_path}/rollway.db: already at revision 0002\n"
        told = json.loads(run("upgrade", "--data", tmp_path, "-o", "json").out)
        assert told == {"database": f"{tmp_path}/rollway.db", "from": "0002", "to": "0002"}

    def test_not_under_a_daemon(self, run: Run, data: Path) -> None:
        with held(data):
            done = run("upgrade", "--data", data)
        assert done.code == 8
        assert "held by another daemon" in done.err

    def test_not_under_a_daemon_that_was_given_the_file_itself(self, run: Run, data: Path) -> None:
        file = data / "rollway.db"
        with held_file(file):
            done = run("upgrade", "--database", f"sqlite:///{file}")
        assert done.code == 8
        assert f"{file} is held by another daemon" in done.err


@asynccontextmanager
async def appending(store: Store) -> AsyncIterator[None]:
    """Rollouts go on meanwhile: each append to two streams, with its summary."""
    enough = asyncio.Event()

    async def keep_appending(number: int) -> None:
        for seq in range(100_000):
            row = Summary(f"r{number}", "rollout", "shop", "prod", "running", seq + 1, None, None, 1.0, False)
            await store.append(Append(f"r{number}", seq, (BIG,), row), Append(f"e{number}", seq, (BIG,)))
            if seq == 50:
                enough.set()

    tasks = [asyncio.create_task(keep_appending(number)) for number in range(10, 18)]
    await enough.wait()
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def assert_whole(store: Store) -> None:
    heads = await store.heads()
    weights = {row.stream: row.weight for row in await store.summaries(kind="rollout")}
    for number in range(10, 18):
        rollout, environment = f"r{number}", f"e{number}"
        assert heads[rollout] == heads[environment] == weights[rollout] > 0
        assert [entry.seq for entry in await store.read(rollout)] == list(range(1, heads[rollout] + 1))
    await store.append(Append("after", 0, (BIG,)))


def rollway(*words: object, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """In a process of its own, beside the daemon that this one plays."""
    environment = {**os.environ, "PATH": f"{path or ''}{os.pathsep}{os.environ['PATH']}"}
    command = [sys.executable, "-m", "rollway", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)


class TestBackup:
    async def test_while_a_daemon_writes(self, data: Path, tmp_path: Path) -> None:
        store = await open_store(sqlite_url(data / "rollway.db"))
        async with appending(store):
            copies = [tmp_path / f"backup-{n}.db" for n in range(3)]
            for copy in copies:
                done = await asyncio.to_thread(rollway, "db", "backup", copy, "--data", data)
                assert done.returncode == 0, done.stderr
        await store.aclose()
        for copy in copies:
            assert (
                await asyncio.to_thread(rollway, "db", "check", "--database", sqlite_url(copy))
            ).returncode == 0
            opened = await open_store(sqlite_url(copy))
            await assert_whole(opened)
            await opened.aclose()

    def test_it_is_a_new_file_that_only_its_owner_reads(self, run: Run, data: Path, tmp_path: Path) -> None:
        copy = tmp_path / "copy.db"
        done = run("backup", copy, "--data", data)
        assert done.out.startswith(f"{copy}: a copy of {data}/rollway.db, ")
        assert copy.stat().st_mode & 0o777 == 0o600
        before = copy.read_bytes()
        done = run("backup", copy, "--data", data)
        assert (done.code, "is there already" in done.err) == (8, True)
        assert copy.read_bytes() == before
        told = json.loads(run("backup", tmp_path / "more.db", "--data", data, "-o", "json").out)
        assert told["file"] == str(tmp_path / "more.db")
        assert told["bytes"] == (tmp_path / "more.db").stat().st_size

    def test_where_nothing_can_be_written(self, run: Run, data: Path, tmp_path: Path) -> None:
        done = run("backup", tmp_path / "missing" / "copy.db", "--data", data)
        assert done.code == 1
        assert "cannot be written: No such file or directory" in done.err

    def test_on_a_disk_that_is_full(self, run: Run, data: Path, small_disk: Path) -> None:
        done = run("backup", small_disk / "copy.db", "--data", data)
        assert done.code == 1
        assert "could not be copied" in done.err
        assert list(small_disk.iterdir()) == []

    @pytest.fixture
    def small_disk(self, tmp_path: Path) -> Iterator[Path]:
        place = tmp_path / "disk"
        place.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
        if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
            pytest.skip("this machine cannot: mount a small file system, which needs root")
        yield place
        subprocess.run(["umount", str(place)], check=True)

    @pytest.mark.parametrize("words", [["backup"], ["check", "FILE"], ["upgrade", "FILE"]])
    def test_a_file_goes_with_it_and_with_nothing_else(self, run: Run, words: list[str]) -> None:
        assert run(*words).code == 2


class TestOnPostgres:
    def test_check_and_upgrade(self, run: Run, postgres: PostgresServer, postgres_database: str) -> None:
        url = postgres.url(postgres_database)
        done = run("check", "--database", url)
        assert (done.code, done.err) == (0, "")
        assert "revision 0002, current" in done.out
        assert "already at revision 0002" in run("upgrade", "--database", url).out
        postgres.execute("INSERT INTO streams VALUES ('r1', 3)", postgres_database)
        done = run("check", "--database", url)
        assert done.code == 5
        assert "stream r1: its head is 3, its events are none" in done.out

    def test_an_empty_one(self, run: Run, postgres: PostgresServer) -> None:
        name = postgres.new_database()
        for words in (["check"], ["upgrade"], ["backup", "copy.dump"]):
            done = run(*words, "--database", postgres.url(name))
            assert done.code == 10
            assert "is empty" in done.err
        postgres.drop_database(name)

    async def test_a_backup_while_daemons_write(
        self, postgres: PostgresServer, postgres_database: str, tmp_path: Path
    ) -> None:
        url, copy = postgres.url(postgres_database), tmp_path / "rollway.dump"
        store = await open_store(url)
        async with appending(store):
            done = await asyncio.to_thread(rollway, "db", "backup", copy, "--database", url, path=binaries())
        assert done.returncode == 0, done.stderr
        await store.aclose()
        name = postgres.new_database()
        restore = [
            str(binaries() / "pg_restore"),
            "--no-owner",
            f"--dbname={postgres.socket_url(name)}",
            str(copy),
        ]
        await asyncio.to_thread(subprocess.run, restore, check=True, capture_output=True)
        restored = await open_store(postgres.url(name))
        await assert_whole(restored)
        await restored.aclose()
        postgres.drop_database(name)

    def test_without_pg_dump_it_says_what_to_run(
        self,
        run: Run,
        postgres: PostgresServer,
        postgres_database: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("rollway.store.postgres_dump._programs", lambda: iter(()))
        done = run("backup", tmp_path / "copy.dump", "--database", postgres.url(postgres_database))
        assert done.code == 1
        assert "pg_dump --format=custom --no-owner --file=FILE" in done.err
        assert "swordfish" not in done.err
        assert list(tmp_path.iterdir()) == []
