"""What is SQLite's alone: durability, group commit, files that cannot be used, migrations."""

import asyncio
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from rollway.store import (
    Append,
    Conflict,
    Held,
    NewEvent,
    Store,
    StoreUnavailable,
    Summary,
    open_store,
    sqlite_url,
)
from rollway.store.revision import configuration
from rollway.store.schema import REVISION, metadata

TICK = NewEvent("Ticked", 1, "daemon:a", {}, 1.0)


def summary(stream: str, weight: int) -> Summary:
    return Summary(stream, "rollout", "shop", "prod", "running", weight, None, None, 1.0, False)


def listening(name: str, listener: Callable[..., None]) -> Iterator[None]:
    event.listen(Engine, name, listener)
    yield
    event.remove(Engine, name, listener)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rollway.db"


class TestGroupCommit:
    @pytest.fixture
    def commits(self) -> Iterator[list[Connection]]:
        commits: list[Connection] = []
        yield from (commits for _ in listening("commit", commits.append))

    async def test_appends_of_many_rollouts_share_commits(
        self, path: Path, commits: list[Connection]
    ) -> None:
        store = await open_store(sqlite_url(path))
        commits.clear()
        await asyncio.gather(
            *(store.append(Append(f"r{n}", 0, (TICK,), summary(f"r{n}", n))) for n in range(200))
        )
        assert len(commits) <= 3
        await store.aclose()

    async def test_writers_that_go_on_share_commits(self, path: Path, commits: list[Connection]) -> None:
        store = await open_store(sqlite_url(path))
        commits.clear()

        async def keep_writing(stream: str) -> None:
            for seq in range(10):
                await store.append(Append(stream, seq, (TICK,)))

        await asyncio.gather(*(keep_writing(f"r{n}") for n in range(50)))
        assert len(commits) <= 60  # of 500 appends
        await store.aclose()

    async def test_a_conflict_costs_its_neighbours_nothing(
        self, path: Path, commits: list[Connection]
    ) -> None:
        store = await open_store(sqlite_url(path))
        commits.clear()
        appends = [Append(f"r{n}", n % 2, (TICK,)) for n in range(100)]
        answers = await asyncio.gather(*(store.append(append) for append in appends), return_exceptions=True)
        assert [isinstance(answer, Conflict) for answer in answers] == [bool(n % 2) for n in range(100)]
        assert len(commits) <= 3
        await store.aclose()

    async def test_what_the_database_refuses_fails_alone(self, path: Path) -> None:
        store = await open_store(sqlite_url(path))
        nobody = NewEvent("Ticked", 1, None, {}, 1.0)  # type: ignore[arg-type]  # only a mistake of ours comes so far
        appends = [
            Append(f"r{n}", 0, (TICK, nobody if n == 5 else TICK), summary(f"r{n}", n)) for n in range(20)
        ]
        answers = await asyncio.gather(*(store.append(append) for append in appends), return_exceptions=True)
        assert [n for n, answer in enumerate(answers) if answer is not None] == [5]
        assert await store.heads() == {f"r{n}": 2 for n in range(20) if n != 5}
        await store.aclose()


class TestPower:
    """What is acknowledged survives `kill -9`, and nothing is there by half."""

    PROGRAM = """
import asyncio, sys
from rollway.store import Append, NewEvent, Summary, open_store

async def keep_writing(store, number):
    rollout, environment = f"r{number}", f"e{number}"
    heads = await store.heads([rollout, environment])
    seq = heads.get(rollout, 0)
    while True:
        events = tuple(NewEvent("Ticked", 1, "daemon:a", {"n": seq + k}, 1.0) for k in (1, 2, 3))
        row = Summary(rollout, "rollout", "shop", "prod", "running", seq + 3, None, None, 1.0, False)
        await store.append(Append(rollout, seq, events, row), Append(environment, seq, events))
        seq += 3
        print(rollout, seq, flush=True)

async def main():
    store = await open_store(sys.argv[1])
    await asyncio.gather(*(keep_writing(store, number) for number in range(8)))

asyncio.run(main())
"""

    def acknowledged_until_killed(self, path: Path, lines: int) -> dict[str, int]:
        command = [sys.executable, "-c", self.PROGRAM, sqlite_url(path)]
        heads: dict[str, int] = {}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for count, line in enumerate(process.stdout, 1):
                if count == lines:
                    process.kill()
                if line.endswith("\n"):
                    rollout, seq = line.split()
                    heads[rollout] = int(seq)
        assert process.returncode == -signal.SIGKILL
        return heads

    async def test_kill_9(self, path: Path) -> None:
        for lines in (5, 40, 111, 202, 303):
            told = self.acknowledged_until_killed(path, lines)
            store = await open_store(sqlite_url(path))
            for rollout, seq in told.items():
                await self.assert_whole(store, rollout, seq)
            await store.aclose()
        with sqlite3.connect(path) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()

    async def assert_whole(self, store: Store, rollout: str, acknowledged: int) -> None:
        log = await store.read(rollout)
        assert len(log) >= acknowledged
        assert len(log) % 3 == 0
        assert (
            [entry.seq for entry in log] == [entry.data["n"] for entry in log] == list(range(1, len(log) + 1))
        )
        assert len(await store.read(rollout.replace("r", "e"))) == len(log)
        rows = {row.stream: row.weight for row in await store.summaries(kind="rollout")}
        assert rows[rollout] == len(log)


class TestFullDisk:
    async def fill(self, store: Store, big: NewEvent) -> None:
        for seq in range(0, 1000, 2):
            pair = (big, big)
            await store.append(Append("r1", seq, pair, summary("r1", seq + 2)), Append("e1", seq, pair))

    async def assert_goes_on_once_there_is_room(self, store: Store, make_room: Callable[[], object]) -> None:
        big = NewEvent("Ticked", 1, "daemon:a", {"output": "x" * 20_000}, 1.0)
        with pytest.raises(StoreUnavailable, match=r"disk is full.*Free some space"):
            await self.fill(store, big)
        seq = len(await store.read("r1"))
        assert await store.heads() == {"r1": seq, "e1": seq}
        writes = [store.append(Append(f"s{n}", 0, (big,) * 20)) for n in range(5)]
        answers = await asyncio.gather(*writes, return_exceptions=True)
        assert all(isinstance(answer, StoreUnavailable) for answer in answers)
        make_room()
        await store.append(Append("r1", seq, (big,), summary("r1", seq + 1)))
        assert await store.heads() == {"r1": seq + 1, "e1": seq}
        assert len(await store.read("r1")) == seq + 1

    async def test_a_database_that_may_not_grow(self, path: Path) -> None:
        pages = {"limit": 500}

        def limit(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
            connection.cursor().execute(f"PRAGMA max_page_count={pages['limit']}")

        for _ in listening("connect", limit):
            store = await open_store(sqlite_url(path))
            await self.assert_goes_on_once_there_is_room(store, lambda: None)
            await store.aclose()

    @pytest.fixture
    def small_disk(self, tmp_path: Path) -> Iterator[Path]:
        place = tmp_path / "disk"
        place.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
        if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
            pytest.skip("this machine cannot: mount a small file system, which needs root")
        yield place
        subprocess.run(["umount", str(place)], check=True)

    async def test_a_full_disk(self, small_disk: Path) -> None:
        filler = small_disk / "filler"
        filler.write_bytes(b"x" * 300_000)
        store = await open_store(sqlite_url(small_disk / "rollway.db"))
        await self.assert_goes_on_once_there_is_room(store, filler.unlink)
        await store.aclose()


class TestOpening:
    async def test_many_daemons_open_a_new_file_at_once(self, path: Path) -> None:
        stores = await asyncio.gather(*(open_store(sqlite_url(path)) for _ in range(5)))
        await asyncio.gather(*(store.append(Append(f"r{n}", 0, (TICK,))) for n, store in enumerate(stores)))
        assert await stores[0].heads() == {f"r{n}": 1 for n in range(5)}
        await asyncio.gather(*(store.aclose() for store in stores))

    async def test_a_path_that_needs_quoting(self, tmp_path: Path) -> None:
        folder = tmp_path / "mein Ordner %20 ü 'x'?#&"
        folder.mkdir()
        store = await open_store(sqlite_url(folder / "a b%c.db"))
        await store.append(Append("r1", 0, (TICK,)))
        await store.aclose()
        assert sorted(file.name for file in folder.iterdir()) == ["a b%c.db"]

    async def test_a_relative_path(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        store = await open_store("sqlite:///rollway.db")
        await store.aclose()
        assert (tmp_path / "rollway.db").is_file()

    async def test_commits_are_synced_and_the_log_is_written_ahead(self, path: Path) -> None:
        settings: dict[object, dict[str, object]] = {}

        def look(connection: Connection) -> None:
            names = ("journal_mode", "synchronous", "query_only")
            settings[connection.engine] = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names
            }

        for _ in listening("begin", look):
            store = await open_store(sqlite_url(path))
            await store.aclose()
        reader, writer = sorted(settings.values(), key=lambda found: found["query_only"] == 0)
        assert writer == {"journal_mode": "wal", "synchronous": 2, "query_only": 0}
        assert reader["query_only"] == 1

    def test_a_database_that_is_up_to_date_opens_without_alembic(self, path: Path) -> None:
        program = (
            "import asyncio, sys\n"
            "from rollway.store import open_store\n"
            "async def main():\n"
            "    await (await open_store(sys.argv[1])).aclose()\n"
            "    print('alembic' in sys.modules)\n"
            "asyncio.run(main())\n"
        )
        command = [sys.executable, "-W", "error", "-c", program, sqlite_url(path)]
        seen = [
            subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
            for _ in range(2)
        ]
        assert seen == ["True", "False"]

    def test_a_store_left_open_does_not_keep_the_process(self, path: Path) -> None:
        program = (
            "import asyncio, sys\n"
            "from rollway.store import open_store\n"
            "async def main():\n"
            "    global store\n"
            "    store = await open_store(sys.argv[1])\n"
            "    await store.heads()\n"
            "asyncio.run(main())\n"
        )
        subprocess.run(
            [sys.executable, "-c", program, sqlite_url(path)], check=True, timeout=30, capture_output=True
        )

    def test_a_loop_that_ends_in_the_middle_of_writes_ends_quietly(self, path: Path) -> None:
        program = (
            "import asyncio, sys\n"
            "from rollway.store import Append, NewEvent, open_store\n"
            "async def main():\n"
            "    store = await open_store(sys.argv[1])\n"
            "    event = NewEvent('Ticked', 1, 'daemon:a', {}, 1.0)\n"
            "    writes = [asyncio.create_task(store.append(Append(f'r{n}', 0, (event,)))) for n in range(2000)]\n"
            "    await writes[0]\n"
            "asyncio.run(main())\n"
        )
        ended = subprocess.run(
            [sys.executable, "-c", program, sqlite_url(path)],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


class TestMigrations:
    def test_the_code_names_the_last_migration(self) -> None:
        assert ScriptDirectory.from_config(configuration()).get_heads() == [REVISION]

    async def test_the_migrations_lead_to_the_tables_in_the_code(self, path: Path) -> None:
        store = await open_store(sqlite_url(path))
        await store.aclose()
        engine = create_engine(sqlite_url(path))
        with engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        engine.dispose()

    async def test_a_database_of_the_first_revision_is_migrated_with_what_it_holds(self, path: Path) -> None:
        migrate_to(path, "0001")
        with sqlite3.connect(path) as connection:
            connection.execute("INSERT INTO streams VALUES ('r1', 1)")
            connection.execute("INSERT INTO events VALUES ('r1', 1, 'Ticked', 1, 'daemon:a', 1.0, '{}')")
            connection.execute("INSERT INTO epochs VALUES ('shop/prod', 7, 'a')")
        connection.close()
        store = await open_store(sqlite_url(path))
        assert [entry.type for entry in await store.read("r1")] == ["Ticked"]
        assert await store.raise_epoch("shop/prod", "b") == 8
        await store.append(Append("r1", 1, (TICK,)), held=Held("shop/prod", 8))
        assert await store.take_leases("a", {"any/01": None})
        await store.aclose()
        with sqlite3.connect(path) as connection:
            assert connection.execute("SELECT * FROM epochs").fetchall() == [("shop/prod", 8, "b")]
        connection.close()


def migrate_to(path: Path, revision: str) -> None:
    engine = create_engine(sqlite_url(path))
    with engine.begin() as connection:
        config = configuration()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()
