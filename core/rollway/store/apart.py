"""Transactions and looks made in threads of their own, each by one trip there and back.

A driver of asyncio makes a trip for each statement, for its rows and for its end: a dozen for one transaction, and each
comes back only when the event loop has its turn again, which under load is most of what a commit takes.
"""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias, TypeVar, cast

from sqlalchemy import Connection, Engine, Executable, Result
from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")

Work: TypeAlias = Callable[[AsyncConnection], Coroutine[Any, Any, T]]
"""What is done on a connection; it awaits nothing else."""


class Apart:
    """A few connections, and as many threads that use them."""

    def __init__(self, engine: Engine, threads: int = 1) -> None:
        self._engine = engine
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="rollway-store")
        self._closed = False

    async def transact(self, work: Work[T]) -> T:
        """Do this within a transaction, which it commits itself. Whoever is cancelled does not learn what became of it."""
        return await self._there(lambda: self._do(work, begin=True))

    async def look(self, work: Work[T]) -> T:
        """Do this outside of any transaction."""
        return await self._there(lambda: self._do(work))

    async def ask(self, question: Callable[[Connection], T]) -> T:
        """The answer of a function that needs the connection itself."""
        return await self._there(lambda: self._asked(question))

    async def aclose(self) -> None:
        """Let the connections go, and the threads; again is no error."""
        if self._closed:
            return
        self._closed = True
        await self._there(self._engine.dispose)
        self._threads.shutdown(wait=False)

    async def _there(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _asked(self, question: Callable[[Connection], T]) -> T:
        with self._engine.connect() as connection:
            return question(connection)

    def _do(self, work: Work[T], *, begin: bool = False) -> T:
        with self._engine.connect() as connection:
            if begin:
                connection.begin()
            return _driven(work(cast("AsyncConnection", _Here(connection))))


class _Here:
    """As much of an `AsyncConnection` as reads and writes use: each statement is executed where it is awaited."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def execute(self, statement: Executable, parameters: Any = None) -> Result[Any]:
        """Rows are fetched at once: a statement that is not at its end would go on seeing its own moment."""
        result = self._connection.execute(statement, parameters)
        return result.freeze()() if result.returns_rows else result

    async def scalar(self, statement: Executable, parameters: Any = None) -> Any:
        return self._connection.scalar(statement, parameters)

    async def commit(self) -> None:
        self._connection.commit()


def _driven(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never waits."""
    try:
        work.send(None)
    except StopIteration as done:
        return cast("T", done.value)
    work.close()
    raise RuntimeError("a look or a write waited for something else than its connection")
