"""The writes, each with the checks that have to see the same transaction."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Delete, Table, func, select, update

from rollway.store.fencing import check_held, check_leased
from rollway.store.protocol import (
    AlreadyRemembered,
    Append,
    ApplicationRow,
    Conflict,
    Held,
    Json,
    ReleaseDiffers,
    ReleaseRow,
    Remembered,
)
from rollway.store.rows import Row, event_row, row_of, same, storable, value_of
from rollway.store.schema import applications, epochs, releases
from rollway.store.transaction import Needs, Transaction

RELEASE_COLUMNS: Final = [column for column in releases.c if column.name != "number"]


class AppendWrite:
    """Fenced appends that stand or fall together, with the answer to remember for them."""

    def __init__(
        self, appends: Sequence[Append], remember: Remembered | None = None, held: Held | None = None
    ) -> None:
        self._heads = [(append.stream, append.expected_seq, len(append.events)) for append in appends]
        self._events = [
            event_row(append.stream, seq, event)
            for append in appends
            for seq, event in enumerate(append.events, append.expected_seq + 1)
        ]
        self._summaries = {append.stream: row_of(append.summary) for append in appends if append.summary}
        self._remember = row_of(remember) if remember else None
        self._held = held
        self.needs = Needs(
            streams=frozenset(append.stream for append in appends),
            environments=frozenset({held.environment} if held else ()),
            keys=frozenset({remember.key} if remember else ()),
        )

    async def make(self, transaction: Transaction) -> None:
        """Check everything before anything is added."""
        self._check_held(transaction.epochs)
        heads = self._moved_heads(transaction.heads)
        self._remember_answer(transaction)
        transaction.heads.update(heads)
        transaction.moved.update(heads)
        transaction.events.extend(self._events)
        transaction.summaries.update(self._summaries)

    def _check_held(self, epochs: Mapping[str, int]) -> None:
        if self._held is not None:
            check_held(self._held, epochs.get(self._held.environment, 0))

    def _moved_heads(self, found: dict[str, int]) -> dict[str, int]:
        moved: dict[str, int] = {}
        for stream, expected, events in self._heads:
            actual = moved.get(stream, found.get(stream, 0))
            if actual != expected:
                raise Conflict(stream, expected, actual)
            if events:
                moved[stream] = actual + events
        return moved

    def _remember_answer(self, transaction: Transaction) -> None:
        if self._remember is None:
            return
        key = str(self._remember["key"])
        if key in transaction.keys:
            raise AlreadyRemembered(key)
        transaction.keys.add(key)
        transaction.remembered.append(self._remember)


class Upsert:
    """Rows that replace those with their primary key; none may stand twice."""

    needs = Needs()

    def __init__(self, table: Table, rows: Sequence[Row]) -> None:
        self._table = table
        self._rows = rows

    async def make(self, transaction: Transaction) -> None:
        """Write them by one statement."""
        await transaction.connection.execute(transaction.dialect.upsert(self._table), self._rows)


class Remove:
    """Rows that are no longer kept."""

    needs = Needs()

    def __init__(self, rows: Delete) -> None:
        self._rows = rows

    async def make(self, transaction: Transaction) -> int:
        """Return how many there were."""
        return (await transaction.connection.execute(self._rows)).rowcount


class RaiseEpoch:
    """The next epoch of an environment, one above `above` at least, for whoever holds the lease."""

    def __init__(self, environment: str, owner: str, lease: str | None, above: int = 0) -> None:
        self._first: Row = {"environment": storable(environment), "epoch": 1, "owner": storable(owner)}
        self._environment, self._owner, self._lease, self._above = environment, owner, lease, above
        self.needs = Needs(
            environments=frozenset({environment}), leases=frozenset({lease} if lease is not None else ())
        )

    async def make(self, transaction: Transaction) -> int:
        """Add to what is stored, not to what was read: of a first epoch there was no row to be locked."""
        if self._lease is not None:
            check_leased(self._lease, self._owner, transaction.leases.get(self._lease))
        raised = transaction.dialect.upsert(epochs, counting=epochs.c.epoch)
        await transaction.connection.execute(raised, [self._first])
        mine = epochs.c.environment == self._environment
        epoch = int(await transaction.connection.scalar(select(epochs.c.epoch).where(mine)) or 0)
        if epoch <= self._above:
            epoch = self._above + 1
            await transaction.connection.execute(update(epochs).where(mine).values(epoch=epoch))
        transaction.epochs[self._environment] = epoch
        return epoch


class PutApplication:
    """Another revision, if the settings differ from the last one."""

    needs = Needs()

    def __init__(self, name: str, settings: Json, actor: str, at: float) -> None:
        self._name = name
        self._row = row_of(ApplicationRow(name, 1, settings, actor, at))

    async def make(self, transaction: Transaction) -> int:
        """Compare with the last revision."""
        query = select(applications.c.revision, applications.c.settings).where(
            applications.c.name == self._name
        )
        newest_first = query.order_by(applications.c.revision.desc()).limit(1)
        last = (await transaction.connection.execute(newest_first)).first()
        if last is not None and same(last.settings, str(self._row["settings"])):
            return int(last.revision)
        revision = last.revision + 1 if last else 1
        await transaction.connection.execute(applications.insert(), [{**self._row, "revision": revision}])
        return int(revision)


class PutRelease:
    """A release whose name is new, or stands for the same content."""

    needs = Needs()

    def __init__(self, release: ReleaseRow) -> None:
        self._release = release
        self._row = row_of(release)

    async def make(self, transaction: Transaction) -> ReleaseRow:
        """Compare with what the name stands for."""
        given, connection = self._release, transaction.connection
        of_application = releases.c.application == given.application
        query = select(*RELEASE_COLUMNS).where(of_application, releases.c.name == given.name)
        if (found := (await connection.execute(query)).first()) is not None:
            return existing_release(value_of(ReleaseRow, found._asdict()), given)
        last = await connection.scalar(select(func.max(releases.c.number)).where(of_application))
        await connection.execute(releases.insert(), [{**self._row, "number": (last or 0) + 1}])
        return given


def existing_release(existing: ReleaseRow, given: ReleaseRow) -> ReleaseRow:
    """Return the existing one of the same name, or raise `ReleaseDiffers`."""
    if existing.digest != given.digest:
        raise ReleaseDiffers(given.application, given.name, existing.digest, given.digest)
    return existing
