"""Group commit: while one transaction is being made durable, the writes that arrive queue for the next.

A write that is refused (`Conflict`, ...) changes nothing and fails alone. What may pass (two daemons were in each
other's way) is tried again. If the database refuses the group for the fault of one write, each is tried in a
transaction of its own, so that only the faulty one fails. If the database itself fails, the whole group does.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TypeAlias, TypeVar, cast

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from rollway.store.dialect import Dialect
from rollway.store.protocol import StoreUnavailable
from rollway.store.transaction import REFUSALS, Needs, Transaction, Write

GROUP = 500
"""Writes in one transaction at most: bounds how long the lock is held, and how many are tried alone after a fault."""

_ATTEMPTS = 2
_ATTEMPTS_ALONE = 3

_UNKNOWN = "whether this was written is unknown"

T = TypeVar("T")

Around: TypeAlias = Callable[[int], AbstractContextManager[object]]
"""Entered around each transaction with the number of its writes; whoever measures brings the clock."""


def nothing(writes: int) -> AbstractContextManager[object]:
    """Measures nothing."""
    return nullcontext()


class _Waiting:
    """A write, and whoever waits for it."""

    def __init__(self, write: Write[object]) -> None:
        self.write = write
        self.done: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._answer: object = None

    async def make(self, transaction: Transaction) -> None:
        try:
            self._answer = await self.write.make(transaction)
        except REFUSALS as refusal:
            self._answer = refusal

    def tell(self) -> None:
        if isinstance(self._answer, REFUSALS):
            self.fail(self._answer)
        elif not self.done.done():  # else whoever waited has gone
            self.done.set_result(self._answer)

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class Writer:
    """The one task of a process that writes; it lives while there is something to write."""

    def __init__(self, engine: AsyncEngine, dialect: Dialect, around: Around = nothing) -> None:
        self._around = around
        self._engine = engine
        self._apart = dialect.apart_writer()
        self._dialect = dialect
        self._queue: list[_Waiting] = []
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    async def write(self, write: Write[T]) -> T:
        """Return when it is committed; raise its refusal, or `StoreUnavailable`."""
        if self._closed:
            raise StoreUnavailable("This store is closed", "Open it again")
        waiting = _Waiting(write)
        self._queue.append(waiting)
        if self._task is None:
            self._task = asyncio.create_task(self._commit_all(), name="rollway-store-writer")
        return cast("T", await waiting.done)

    async def aclose(self) -> None:
        """Commit what was accepted and let the connection go."""
        self._closed = True
        if self._task is not None:
            await asyncio.wait({self._task})
        if self._apart is not None:
            await self._apart.aclose()
        await self._engine.dispose()

    async def _commit_all(self) -> None:
        try:
            while group := self._take():
                await self._commit(group)
        finally:
            self._task = None

    def _take(self) -> list[_Waiting]:
        wanted = [waiting for waiting in self._queue if not waiting.done.done()]
        group, self._queue = wanted[:GROUP], wanted[GROUP:]
        return group

    async def _commit(self, group: Sequence[_Waiting]) -> None:
        try:
            await self._commit_again(group, _ATTEMPTS)
        except Exception as error:  # the loop's top: whatever it is, somebody waits for it
            await self._tell_or_part(group, error)
        except BaseException:
            self._abandon([*group, *self._queue])
            raise

    async def _commit_again(self, group: Sequence[_Waiting], attempts: int) -> None:
        for attempts_left in reversed(range(attempts)):
            try:
                await self._commit_together(group)
            except DBAPIError as error:
                if not (attempts_left and self._dialect.passing(error)):
                    raise
            else:
                return

    async def _commit_together(self, group: Sequence[_Waiting]) -> None:
        with self._around(len(group)):
            await self._transact(group)
        for waiting in group:
            waiting.tell()

    async def _transact(self, group: Sequence[_Waiting]) -> None:
        if self._apart is not None:
            await self._apart.transact(lambda connection: self._make(connection, group))
            return
        async with self._engine.connect() as connection:
            await connection.begin()
            await self._make(connection, group)

    async def _make(self, connection: AsyncConnection, group: Sequence[_Waiting]) -> None:
        transaction = Transaction(connection, self._dialect)
        await transaction.look_up(Needs.of([waiting.write for waiting in group]))
        for waiting in group:
            await waiting.make(transaction)
        await transaction.flush()
        await self._make_durable(connection)

    async def _make_durable(self, connection: AsyncConnection) -> None:
        try:
            await connection.commit()
        except DBAPIError as error:
            why = self._dialect.explain(error)
            if why is None or not self._dialect.undecided(error):
                raise
            raise StoreUnavailable(
                f"{why.problem}; {_UNKNOWN}", "Read it again once the database answers"
            ) from error

    async def _tell_or_part(self, group: Sequence[_Waiting], error: Exception) -> None:
        for waiting in group:
            if (unavailable := self._unavailable(error)) is not None:
                waiting.fail(unavailable)
            else:
                await self._commit_alone(waiting)

    async def _commit_alone(self, waiting: _Waiting) -> None:
        try:
            await self._commit_again([waiting], _ATTEMPTS_ALONE)
        except Exception as error:  # the loop's top
            waiting.fail(self._unavailable(error) or error)

    def _unavailable(self, error: Exception) -> StoreUnavailable | None:
        if isinstance(error, StoreUnavailable):
            return error
        explained = self._dialect.explain(error) if isinstance(error, DBAPIError) else None
        if explained is not None:
            explained.__cause__ = error
        return explained

    def _abandon(self, group: Iterable[_Waiting]) -> None:
        """The event loop is ending: nobody may wait for ever."""
        self._queue = []
        for waiting in group:
            waiting.fail(StoreUnavailable(f"The store was stopped; {_UNKNOWN}", "Read it again"))
