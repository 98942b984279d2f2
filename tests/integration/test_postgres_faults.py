"""A PostgreSQL that stops, is full, slow, frozen or cut off: nobody hangs, nothing is lost, and it is used again by itself."""

import asyncio
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from rollway.store import Append, Held, Member, NewEvent, Store, StoreUnavailable, open_store
from rollway.store.postgres_connection import IDLE_S, Connection, Place
from rollway.testing.postgres import PostgresServer
from tests.integration.postgres_proxy import Wire, wire_to

TICK = NewEvent("Ticked", 1, "daemon:a", {}, 1.0)
SOON = 20.0
"""Seconds within which what must happen by itself has happened."""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """One that may be stopped."""
    with PostgresServer(max_connections="20", deadlock_timeout="200ms") as server:
        yield server


@pytest.fixture
def database(server: PostgresServer) -> Iterator[str]:
    name = server.new_database()
    yield name
    server.drop_database(name)


@pytest.fixture
async def store(server: PostgresServer, database: str) -> AsyncIterator[Store]:
    store = await open_store(server.url(database))
    yield store
    await store.aclose()


@pytest.fixture
async def wire(server: PostgresServer) -> AsyncIterator[Wire]:
    async with wire_to(server.port) as wire:
        yield wire


@pytest.fixture
async def remote(server: PostgresServer, database: str, wire: Wire) -> AsyncIterator[Store]:
    """A store at the other end of the wire."""
    store = await open_store(server.url(database, port=wire.port))
    await store.heads()
    yield store
    wire.silent, wire.delay = False, 0.0
    await store.aclose()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Connection, "limit", 0.5)


async def until_it_works(store: Store, stream: str) -> None:
    """The same store, without anybody opening it again."""
    async with asyncio.timeout(SOON):
        while True:
            try:
                return await store.append(Append(stream, 0, (TICK,)))
            except StoreUnavailable:
                await asyncio.sleep(0.02)


@asynccontextmanager
async def locked(server: PostgresServer, database: str, *streams: str) -> AsyncIterator[psycopg.Connection]:
    """Somebody holds the heads of these streams."""
    with psycopg.connect(server.socket_url(database)) as somebody:
        for stream in streams:
            somebody.execute("SELECT 1 FROM streams WHERE stream = %s FOR UPDATE", [stream])
        yield somebody
        somebody.rollback()


async def until_waiting(server: PostgresServer, count: int = 1) -> None:
    """Return when so many sessions wait for a lock."""
    deadline = time.monotonic() + SOON
    while len(server.execute("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'")) < count:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


class TestStops:
    @pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
    async def test_it_is_used_again_by_itself(self, server: PostgresServer, store: Store, how: int) -> None:
        await store.append(Append("before", 0, (TICK,)))
        server.stop(how)
        for call in (
            store.heads(),
            store.append(Append("r1", 0, (TICK,))),
            store.beat(Member("a", "", "", "")),
        ):
            with pytest.raises(StoreUnavailable, match=r"nobody listens|is stopping|connection was lost"):
                await call
        server.start()
        await until_it_works(store, "after")
        assert await store.heads() == {"before": 1, "after": 1}

    async def test_whoever_listens_is_told_that_he_may_have_missed_some(
        self, server: PostgresServer, database: str, store: Store
    ) -> None:
        other = await open_store(server.url(database))
        told: asyncio.Queue[str | None] = asyncio.Queue()
        listener = asyncio.create_task(store.listen(told.put_nowait))
        async with asyncio.timeout(SOON):
            assert await told.get() is None
            await other.append(Append("r1", 0, (TICK,)))
            assert await told.get() == "r1"
            server.stop()
            server.start()
            assert await told.get() is None
            await until_it_works(other, "r2")
            assert await told.get() == "r2"
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)
        await other.aclose()

    async def test_what_was_acknowledged_survives_a_crash(self, server: PostgresServer, store: Store) -> None:
        acknowledged: dict[str, int] = {}
        enough = asyncio.Event()

        async def keep_writing(stream: str) -> None:
            for seq in range(10_000):
                try:
                    await store.append(Append(stream, seq, (TICK,)))
                except StoreUnavailable:
                    return
                acknowledged[stream] = seq + 1
                if seq == 30:
                    enough.set()

        writers = [asyncio.create_task(keep_writing(f"r{n}")) for n in range(8)]
        async with asyncio.timeout(SOON):
            await enough.wait()
        await asyncio.to_thread(server.stop, signal.SIGQUIT)
        await asyncio.gather(*writers)
        server.start()
        await until_it_works(store, "after")
        heads = await store.heads()
        assert all(heads[stream] >= seq for stream, seq in acknowledged.items())
        for stream in acknowledged:
            assert [entry.seq for entry in await store.read(stream)] == list(range(1, heads[stream] + 1))


class TestSessionsThatEnd:
    def terminate(self, server: PostgresServer, database: str) -> None:
        everybody = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'"
        server.execute(everybody.format(database))

    async def test_of_an_idle_one_nobody_notices_anything(
        self, server: PostgresServer, database: str, store: Store
    ) -> None:
        await asyncio.gather(*(store.read("r1") for _ in range(20)))
        await store.beat(Member("a", "", "", ""))
        self.terminate(server, database)
        await asyncio.gather(*(store.read("r1") for _ in range(20)))
        await store.append(Append("r1", 0, (TICK,)))
        assert (await store.beat(Member("a", "", "", ""))).members[0].beat == 2

    async def test_in_the_middle_of_a_write_it_is_made_again(
        self, server: PostgresServer, database: str, store: Store
    ) -> None:
        await store.append(Append("r1", 0, (TICK,)))
        async with locked(server, database, "r1"):
            writing = asyncio.create_task(store.append(Append("r1", 1, (TICK,))))
            await until_waiting(server)
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            )
            await asyncio.sleep(0)
        await writing
        assert await store.heads() == {"r1": 2}

    async def test_two_that_are_in_each_other_s_way(
        self, server: PostgresServer, database: str, store: Store
    ) -> None:
        """The server ends one of them; the store's transaction is made again."""
        await store.append(Append("a", 0, (TICK,)), Append("b", 0, (TICK,)))
        async with locked(server, database, "b") as somebody:
            somebody.execute("SET deadlock_timeout = '1min'")
            writing = asyncio.create_task(store.append(Append("a", 1, (TICK,)), Append("b", 1, (TICK,))))
            await until_waiting(server)
            await asyncio.to_thread(somebody.execute, "SELECT 1 FROM streams WHERE stream = 'a' FOR UPDATE")
        await writing
        assert await store.heads() == {"a": 2, "b": 2}

    async def test_whether_a_commit_was_made_is_unknown_when_its_answer_is_lost(
        self, wire: Wire, remote: Store
    ) -> None:
        await remote.append(Append("r1", 0, (TICK,)))
        wire.lose_answer_to = b"COMMIT\0"
        with pytest.raises(StoreUnavailable, match="whether this was written is unknown"):
            await remote.append(Append("r1", 1, (TICK,)))
        assert await remote.heads() == {"r1": 2}

    async def test_a_write_whose_connection_is_lost_before_is_made_again(
        self, wire: Wire, remote: Store
    ) -> None:
        await remote.append(Append("r1", 0, (TICK,)))
        wire.lose_answer_to = b'INSERT INTO "events"'
        await remote.append(Append("r1", 1, (TICK,)))
        assert wire.lose_answer_to is None
        assert await remote.heads() == {"r1": 2}


@pytest.mark.usefixtures("impatient")
class TestNoAnswer:
    async def test_a_frozen_server_keeps_nobody_waiting(self, server: PostgresServer, store: Store) -> None:
        held = Held("e1", await store.raise_epoch("e1", "a"))
        await store.append(Append("r1", 0, (TICK,)), held=held)
        began = time.monotonic()
        with server.frozen():
            reads = [store.read("r1") for _ in range(200)]
            writes = [store.append(Append(f"s{n}", 0, (TICK,)), held=held) for n in range(200)]
            answers = await asyncio.gather(*reads, *writes, return_exceptions=True)
        assert time.monotonic() - began < SOON
        assert all(isinstance(answer, StoreUnavailable) for answer in answers)
        await until_it_works(store, "after")
        heads = await store.heads()
        assert heads["r1"] == heads["after"] == 1

    async def test_who_is_cancelled_meanwhile_leaves_at_once(
        self, server: PostgresServer, store: Store
    ) -> None:
        """A driver would first ask the server to cancel, for 5 s."""
        with server.frozen():
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await store.read("r1")
            reading = asyncio.create_task(store.read("r1"))
            await asyncio.sleep(0)
            reading.cancel()
            await asyncio.wait({reading}, timeout=2)
            assert reading.cancelled()
        await until_it_works(store, "after")

    async def test_a_wire_that_is_cut_off(self, wire: Wire, remote: Store) -> None:
        wire.silent = True
        for call in (remote.heads(), remote.append(Append("r1", 0, (TICK,)))):
            with pytest.raises(StoreUnavailable, match="does not answer"):
                await call
        wire.silent = False
        wire.cut()
        await until_it_works(remote, "after")

    async def test_a_new_daemon_is_told(self, server: PostgresServer, database: str) -> None:
        with server.frozen(), pytest.raises(StoreUnavailable, match="does not answer"):
            await open_store(server.url(database))


def until_refused(url: str) -> Iterator[psycopg.Connection]:
    with suppress(psycopg.OperationalError):
        while True:
            yield psycopg.connect(url)


class TestOthers:
    async def test_a_frozen_daemon_s_locks_are_taken_from_it(
        self, server: PostgresServer, database: str, store: Store
    ) -> None:
        await store.append(Append("r1", 0, (TICK,)))
        frozen = await Place(server.url(database)).writing()
        await frozen.execute("SELECT 1 FROM streams WHERE stream = 'r1' FOR UPDATE")
        began = time.monotonic()
        await store.append(Append("r1", 1, (TICK,)))
        assert time.monotonic() - began < IDLE_S + 2
        with pytest.raises(psycopg.Error):
            await frozen.execute("SELECT 1")
        await frozen.close()

    async def test_somebody_who_holds_a_lock_keeps_nobody_for_ever(
        self, server: PostgresServer, database: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("rollway.store.postgres_connection._SETTINGS", "SET statement_timeout = '300ms'")
        store = await open_store(server.url(database))
        await store.append(Append("r1", 0, (TICK,)))
        async with locked(server, database, "r1"):
            with pytest.raises(StoreUnavailable, match=r"does not answer in time.*pg_stat_activity"):
                await store.append(Append("r1", 1, (TICK,)))
        await store.append(Append("r1", 1, (TICK,)))
        await store.aclose()

    async def test_no_connection_is_left(self, server: PostgresServer, database: str) -> None:
        url = server.url(database)
        store = await open_store(url)
        others = list(until_refused(url))
        with pytest.raises(StoreUnavailable, match=r"no connection left.*max_connections"):
            await asyncio.gather(*(store.read("r1") for _ in range(10)), store.beat(Member("a", "", "", "")))
        await store.append(Append("r1", 0, (TICK,)))  # has its connection
        for each in others:
            each.close()
        await until_it_works(store, "after")
        await store.beat(Member("a", "", "", ""))
        await store.aclose()

    async def test_a_slow_server_is_slow_and_nothing_else(
        self, server: PostgresServer, database: str, wire: Wire, remote: Store
    ) -> None:
        """200 ms a statement: a sign of life still comes in time, and does not wait for the appends."""
        wire.delay = 0.2
        held = Held("e1", await remote.raise_epoch("e1", "a"))
        await remote.beat(Member("a", "", "", ""))
        appends = [
            asyncio.create_task(remote.append(Append(f"r{n}", 0, (TICK,)), held=held)) for n in range(50)
        ]
        await asyncio.sleep(0.1)
        began = time.monotonic()
        await remote.beat(Member("a", "", "", ""))
        assert time.monotonic() - began < 2.0  # leases are trusted for so long
        await asyncio.gather(*appends)
        assert len(await remote.heads()) == 50


class TestFullDisk:
    @pytest.fixture
    def small_disk(self, server: PostgresServer, tmp_path: Path) -> Iterator[Path]:
        """A file system of 24 MiB with the tablespace `small`. The log of the server lies elsewhere."""
        place = Path(tempfile.mkdtemp(prefix="rollway-small-"))
        mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(place)]
        if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
            place.rmdir()
            pytest.skip("this machine cannot: mount a small file system, which needs root")
        folder = place / "space"
        folder.mkdir()
        shutil.chown(folder, *server.user)
        server.execute(f"CREATE TABLESPACE small LOCATION '{folder}'")
        yield place
        server.drop_database("full_up")
        server.execute("DROP TABLESPACE small")
        subprocess.run(["umount", str(place)], check=True)
        place.rmdir()

    async def test_it_says_so_and_goes_on_once_there_is_room(
        self, server: PostgresServer, small_disk: Path
    ) -> None:
        server.execute("CREATE DATABASE full_up TABLESPACE small")
        store = await open_store(server.url("full_up"))
        filler = small_disk / "filler"
        filler.write_bytes(b"x" * 6_000_000)
        # not to be compressed
        big = NewEvent("Ticked", 1, "daemon:a", {"output": [n * 1.1 for n in range(20_000)]}, 1.0)
        with pytest.raises(StoreUnavailable, match=r"disk is full.*Free some space"):
            await self.fill(store, big)
        filler.unlink()
        seq = len(await store.read("r1"))
        assert await store.heads() == {"r1": seq}
        await store.append(Append("r1", seq, (big,)))
        await store.aclose()

    async def fill(self, store: Store, big: NewEvent) -> None:
        for seq in range(1000):
            await store.append(Append("r1", seq, (big,)))
