"""The reads: a few at a time, and none that waits behind a database that has failed meanwhile."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from rollway.store.dialect import READERS, Dialect
from rollway.store.protocol import StoreUnavailable

T = TypeVar("T")


class Reader:
    """Reads by short looks, each on a connection of its own and in a task of its own.

    Whoever is cancelled leaves at once; the look ends by itself, and its connection is kept. A driver would first have
    the server cancel it, and wait for that.

    A starting daemon reads thousands of streams at once: they queue. Were each of them to find out by itself that
    the server is frozen, the last would wait for minutes; so those that wait fail with the one that found it out.
    """

    def __init__(self, engine: AsyncEngine, dialect: Dialect) -> None:
        self._engine = engine
        self._apart = dialect.apart_reader()
        self._dialect = dialect
        self._turns = asyncio.Semaphore(READERS)
        self._looks: set[asyncio.Task[Any]] = set()
        self._failure: StoreUnavailable | None = None
        self.closed = False

    async def read(self, look: Callable[[AsyncConnection], Coroutine[Any, Any, T]]) -> T:
        """Return what is seen. Raises `StoreUnavailable`."""
        if self.closed:
            raise closed()
        task = asyncio.create_task(self._in_turn(look, self._failure), name="rollway-store-reader")
        self._looks.add(task)
        task.add_done_callback(self._looked)
        await asyncio.wait({task})
        return task.result()

    def _looked(self, task: asyncio.Task[Any]) -> None:
        self._looks.discard(task)
        if not task.cancelled():
            task.exception()  # somebody may have been there to hear of it, or not

    async def _in_turn(
        self, look: Callable[[AsyncConnection], Coroutine[Any, Any, T]], before: StoreUnavailable | None
    ) -> T:
        async with self._turns:
            failure = self._failure
            if failure is not None and failure is not before:
                raise StoreUnavailable(failure.problem, failure.advice) from failure
            return await self._read(look)

    async def _read(self, look: Callable[[AsyncConnection], Coroutine[Any, Any, T]]) -> T:
        try:
            return await self._look_again(look)
        except DBAPIError as error:
            if (unavailable := self._dialect.explain(error)) is None:
                raise
            self._failure = unavailable
            raise unavailable from error

    async def _look_again(self, look: Callable[[AsyncConnection], Coroutine[Any, Any, T]]) -> T:
        try:
            return await self._look(look)
        except DBAPIError as error:
            if not self._dialect.passing(error):
                raise
        return await self._look(look)

    async def _look(self, look: Callable[[AsyncConnection], Coroutine[Any, Any, T]]) -> T:
        if self._apart is not None:
            return await self._apart.look(look)
        async with self._engine.connect() as connection:
            return await look(connection)

    async def aclose(self) -> None:
        """Let the connections go once nobody looks any more."""
        self.closed = True
        if self._looks:
            await asyncio.wait(self._looks)
        if self._apart is not None:
            await self._apart.aclose()
        await self._engine.dispose()


def closed() -> StoreUnavailable:
    """What is said by a store that has been closed."""
    return StoreUnavailable("This store is closed", "Open it again")
