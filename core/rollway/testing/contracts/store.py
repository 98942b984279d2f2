"""What every store promises. Inherit `StoreContract` and give it the fixture `open_another`."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from rollway.store import Store
from rollway.testing.contracts._store_leases import LeasePromises, NoticePromises
from rollway.testing.contracts._store_log import LogPromises
from rollway.testing.contracts._store_rows import RowPromises
from rollway.testing.contracts._store_values import OpenAnother
from rollway.testing.contracts._store_writers import WriterPromises

__all__ = ["OpenAnother", "SharedStoreContract", "StoreContract"]


class StoreContract(LogPromises, WriterPromises, RowPromises, LeasePromises):
    """Promises that hold for every store.

    `open_another` opens one more store on the test's own data, empty at first, each time it is called.
    """

    @pytest.fixture
    def open_another(self) -> OpenAnother:
        """Give what opens a store."""
        raise NotImplementedError

    @pytest_asyncio.fixture
    async def store(self, open_another: OpenAnother) -> AsyncIterator[Store]:
        """Open the store under test."""
        store = await open_another()
        yield store
        await store.aclose()

    @pytest_asyncio.fixture
    async def other(self, store: Store, open_another: OpenAnother) -> AsyncIterator[Store]:
        """Open what another daemon would have open at the same time."""
        other = await open_another()
        yield other
        await other.aclose()


class SharedStoreContract(StoreContract, NoticePromises):
    """Promises of a store that several daemons write to at a time: they also hear of each other."""
