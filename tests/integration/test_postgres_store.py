"""What is PostgreSQL's alone: group commit, daemons that start at once, migrations, who is told what is wrong."""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine, event

from rollway.store import Append, Conflict, Held, NewEvent, StoreUnavailable, open_store
from rollway.store.revision import configuration
from rollway.store.schema import REVISION, metadata
from rollway.testing.postgres import PASSWORD, PostgresServer

TICK = NewEvent("Ticked", 1, "daemon:a", {}, 1.0)


def listening(name: str, listener: Callable[..., None]) -> Iterator[None]:
    event.listen(Engine, name, listener)
    yield
    event.remove(Engine, name, listener)


@pytest.fixture
def empty(postgres: PostgresServer) -> Iterator[str]:
    """The name of a database without tables."""
    name = postgres.new_database()
    yield name
    postgres.drop_database(name)


@pytest.fixture
def stranger(postgres: PostgresServer) -> Iterator[str]:
    """A user that owns nothing."""
    postgres.execute(f"CREATE ROLE stranger LOGIN PASSWORD '{PASSWORD}'")
    yield "stranger"
    postgres.execute("DROP ROLE stranger")


class TestGroupCommit:
    @pytest.fixture
    def commits(self) -> Iterator[list[Connection]]:
        commits: list[Connection] = []
        yield from (commits for _ in listening("commit", commits.append))

    async def test_appends_of_many_rollouts_share_commits(
        self, postgres_url: str, commits: list[Connection]
    ) -> None:
        store = await open_store(postgres_url)
        commits.clear()
        held = Held("shop/prod", await store.raise_epoch("shop/prod", "a"))
        await asyncio.gather(*(store.append(Append(f"r{n}", 0, (TICK,)), held=held) for n in range(200)))
        assert len(commits) <= 4
        await store.aclose()

    async def test_a_race_for_new_streams_is_a_conflict_and_costs_the_neighbours_nothing(
        self, postgres_url: str
    ) -> None:
        stores = [await open_store(postgres_url) for _ in range(3)]
        for turn in range(10):
            writes = [
                store.append(Append(f"{turn}-{n}", 0, (TICK,)), Append(f"{turn}-{n}-of-{who}", 0, (TICK,)))
                for n in range(30)
                for who, store in enumerate(stores)
            ]
            answers = await asyncio.gather(*writes, return_exceptions=True)
            assert sum(answer is None for answer in answers) == 30
            assert sum(isinstance(answer, Conflict) for answer in answers) == 60
        assert len(await stores[0].heads()) == 10 * 30 * 2
        for store in stores:
            await store.aclose()


class TestOpening:
    async def test_many_daemons_open_an_empty_database_at_once(
        self, postgres: PostgresServer, empty: str
    ) -> None:
        stores = await asyncio.gather(*(open_store(postgres.url(empty)) for _ in range(5)))
        await asyncio.gather(*(store.append(Append(f"r{n}", 0, (TICK,))) for n, store in enumerate(stores)))
        assert await stores[0].heads() == {f"r{n}": 1 for n in range(5)}
        await asyncio.gather(*(store.aclose() for store in stores))

    async def test_by_any_kind_of_url(self, postgres: PostgresServer, postgres_database: str) -> None:
        there = f"127.0.0.1:{postgres.port}/{postgres_database}"
        for url in (
            postgres.socket_url(postgres_database),
            f"postgres://rollway:{PASSWORD}@{there}?sslmode=disable",
            f"postgresql+psycopg://rollway:{PASSWORD}@{there}",
            f"postgresql://rollway:{PASSWORD}@127.0.0.1:1,{there}?target_session_attrs=read-write",
        ):
            store = await open_store(url)
            await store.heads()
            await store.aclose()

    async def test_commits_are_durable_whatever_the_database_says(
        self, postgres: PostgresServer, postgres_database: str
    ) -> None:
        postgres.execute(f'ALTER DATABASE "{postgres_database}" SET synchronous_commit = off')
        seen: set[tuple[str, str]] = set()

        def look(connection: Connection) -> None:
            asked = ("synchronous_commit", "default_transaction_read_only")
            found = [str(connection.exec_driver_sql(f"SHOW {name}").scalar()) for name in asked]
            seen.add((found[0], found[1]))

        for _ in listening("begin", look):
            store = await open_store(postgres.url(postgres_database))
            await store.append(Append("r1", 0, (TICK,)))
            await store.heads()
            await store.aclose()
        assert seen == {("on", "off"), ("on", "on")}

    async def test_no_connection_is_left_open(self, postgres: PostgresServer, postgres_database: str) -> None:
        store = await open_store(postgres.url(postgres_database))
        listener = asyncio.create_task(store.listen(lambda _: None))
        await asyncio.gather(*(store.read("r1") for _ in range(50)))
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)
        await store.aclose()
        query = f"SELECT pid FROM pg_stat_activity WHERE datname = '{postgres_database}'"  # noqa: S608
        deadline = time.monotonic() + 10
        while postgres.execute(query):
            assert time.monotonic() < deadline

    async def test_without_the_driver_it_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "psycopg", None)
        monkeypatch.delitem(sys.modules, "rollway.store.postgres", raising=False)
        with pytest.raises(StoreUnavailable, match="needs psycopg") as caught:
            await open_store("postgresql://rollway@127.0.0.1/rollway")
        assert caught.value.advice == "pip install 'rollway[postgresql]'"


class TestMigrations:
    def migrate(self, url: str, revision: str) -> None:
        engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
        with engine.begin() as connection:
            config = configuration()
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
        engine.dispose()

    async def test_they_lead_to_the_tables_in_the_code(self, postgres_url: str) -> None:
        engine = create_engine(postgres_url.replace("postgresql:", "postgresql+psycopg:"))
        with engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        engine.dispose()

    async def test_an_older_database_is_migrated_with_what_it_holds(
        self, postgres: PostgresServer, empty: str
    ) -> None:
        self.migrate(postgres.url(empty), "0001")
        postgres.execute("INSERT INTO streams VALUES ('r1', 1)", empty)
        postgres.execute("INSERT INTO events VALUES ('r1', 1, 'Ticked', 1, 'daemon:a', 1.0, '{}')", empty)
        stores = await asyncio.gather(*(open_store(postgres.url(empty)) for _ in range(3)))
        assert [entry.type for entry in await stores[0].read("r1")] == ["Ticked"]
        assert await stores[1].take_leases("a", {"any/01": None})
        assert [
            await store.raise_epoch("shop/prod", owner) for store, owner in zip(stores, "abc", strict=True)
        ]
        assert postgres.execute("SELECT epoch, owner FROM epochs", empty) == [(3, "c")]
        await asyncio.gather(*(store.aclose() for store in stores))
        assert postgres.execute("SELECT version_num FROM alembic_version", empty) == [(REVISION,)]

    async def test_a_newer_database_is_used_only_if_it_says_that_it_may_be(
        self, postgres: PostgresServer, postgres_database: str
    ) -> None:
        postgres.execute("UPDATE alembic_version SET version_num = '9999'", postgres_database)
        store = await open_store(postgres.url(postgres_database))
        await store.append(Append("r1", 0, (TICK,)))
        await store.aclose()
        said = "UPDATE keyed_values SET value = '\"9999\"' WHERE key = 'schema/compatible-from'"
        postgres.execute(said, postgres_database)
        with pytest.raises(StoreUnavailable, match=r"newer version.*9999.*Use that version"):
            await open_store(postgres.url(postgres_database))
        assert postgres.execute("SELECT version_num FROM alembic_version", postgres_database) == [("9999",)]

    async def test_lists_are_sorted_as_everywhere(self, postgres_url: str) -> None:
        """Not as the database's language sorts: by code points."""
        names = ["b", "B", "a-b", "ab", "a/b", "é", "z", "Z"]
        store = await open_store(postgres_url)
        for name in names:
            await store.put_application(name, {}, "user:ada", 1.0)
        assert [row.name for row in await store.applications()] == sorted(names)
        await store.aclose()


class TestDatabasesThatCannotBeUsed:
    async def assert_refused(self, url: str, reason: str) -> None:
        with pytest.raises(StoreUnavailable, match=reason) as caught:
            await open_store(url)
        assert caught.value.advice
        for secret in (PASSWORD, "hunter2"):
            assert secret not in str(caught.value)

    async def test_nobody_listens(self, postgres: PostgresServer) -> None:
        await self.assert_refused(
            postgres.url("x", port=1), "x at 127.0.0.1:1 .*nobody listens.*PostgreSQL runs"
        )

    async def test_no_such_socket(self) -> None:
        await self.assert_refused("postgresql:///x?host=/nowhere", "x at /nowhere .*nobody listens")

    async def test_no_such_host(self) -> None:
        await self.assert_refused("postgresql://u:hunter2@no-such.invalid/x", "no host has that name")

    @pytest.mark.parametrize(
        ("rest", "reason"),
        [
            ("127.0.0.1:notaport/x", "notaport"),
            ("127.0.0.1:99999/x", "99999"),
            ("127.0.0.1:1/x?sslmode=weird", "weird"),
            ("127.0.0.1:1/x?connect_timeout=soon", "soon"),
            ("127.0.0.1:1,127.0.0.1:2/x", "x at 127.0.0.1:1, 127.0.0.1:2 .*nobody listens"),
            ("127.0.0.1/x?host=..", "x at "),
            (f"{'a' * 300}/x", "x at a"),
            ("\udc80/x", "not the URL"),
            ("%00/x", "not the URL"),
        ],
    )
    async def test_what_is_wrong_in_the_url(self, rest: str, reason: str) -> None:
        await self.assert_refused(f"postgresql://u:hunter2@{rest}", reason)

    async def test_a_wrong_password(self, postgres: PostgresServer, empty: str) -> None:
        await self.assert_refused(postgres.url(empty, "hunter2"), "does not let this user in.*password")

    async def test_no_password(self, postgres: PostgresServer, empty: str) -> None:
        url = f"postgresql://rollway@127.0.0.1:{postgres.port}/{empty}"
        await self.assert_refused(url, "does not let this user in.*password")

    async def test_no_such_user(self, postgres: PostgresServer, empty: str) -> None:
        url = postgres.socket_url(empty).replace("rollway@", "nobody-here@")
        await self.assert_refused(url, "does not let this user in")

    async def test_no_such_database(self, postgres: PostgresServer) -> None:
        await self.assert_refused(postgres.url("missing"), "missing at .*no such database.*createdb")

    async def test_a_user_that_may_not_create_tables(
        self, postgres: PostgresServer, empty: str, stranger: str
    ) -> None:
        url = postgres.socket_url(empty).replace("rollway@", f"{stranger}@")
        await self.assert_refused(url, "may not do that.*own the database")

    async def test_a_read_only_database(self, postgres: PostgresServer, postgres_database: str) -> None:
        postgres.execute(f'ALTER DATABASE "{postgres_database}" SET default_transaction_read_only = on')
        await self.assert_refused(postgres.url(postgres_database), "read-only.*primary")

    async def test_somebody_else_s_database(self, postgres: PostgresServer, empty: str) -> None:
        postgres.execute("CREATE TABLE cats (name TEXT)", empty)
        await self.assert_refused(postgres.url(empty), "something else")
        tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        assert postgres.execute(tables, empty) == [(1,)]

    async def test_one_that_does_not_keep_every_character(self, postgres: PostgresServer) -> None:
        postgres.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
        await self.assert_refused(postgres.url("latin"), "LATIN1.*UTF8")
        postgres.drop_database("latin")

    async def test_one_whose_tables_are_gone(self, postgres: PostgresServer, postgres_database: str) -> None:
        store = await open_store(postgres.url(postgres_database))
        postgres.execute("DROP TABLE events, streams", postgres_database)
        for call in (store.read("r1"), store.append(Append("r1", 0, (TICK,)))):
            with pytest.raises(StoreUnavailable, match=r"tables are gone.*backup"):
                await call
        await store.aclose()

    @pytest.mark.parametrize("name", ["a\0b", "Robert'); DROP TABLE events; --"])
    async def test_what_cannot_be_there_is_not_found(self, postgres_url: str, name: str) -> None:
        store = await open_store(postgres_url)
        assert await store.read(name) == []
        assert await store.heads([name, "r1"]) == {}
        assert await store.application(name) is None
        assert await store.recall(name) is None
        await store.aclose()
