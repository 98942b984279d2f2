"""Every store of ours keeps the promises of `StoreContract`; those that daemons share, of `SharedStoreContract`."""

from pathlib import Path

import pytest

from rollway.store import Store, open_store, sqlite_url
from rollway.testing.contracts.store import OpenAnother, SharedStoreContract, StoreContract
from rollway.testing.memory_store import MemoryStore


class TestMemoryStore(SharedStoreContract):
    @pytest.fixture
    def open_another(self) -> OpenAnother:
        first = MemoryStore()

        async def again() -> Store:
            return first.again()

        return again


class TestSqliteStore(StoreContract):
    @pytest.fixture
    def open_another(self, tmp_path: Path) -> OpenAnother:
        async def on_the_same_file() -> Store:
            return await open_store(sqlite_url(tmp_path / "rollway.db"))

        return on_the_same_file

    async def test_nobody_else_writes_so_there_is_nothing_to_listen_to(self, store: Store) -> None:
        await store.listen(lambda _: pytest.fail("nobody else writes"))


class TestPostgresStore(SharedStoreContract):
    @pytest.fixture
    def open_another(self, postgres_url: str) -> OpenAnother:
        async def on_the_same_database() -> Store:
            return await open_store(postgres_url)

        return on_the_same_database
