# ruff: noqa: D102 - protocol.py says what each method does
"""The store on SQL: every write through the one writer, every read a statement of its own."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from pydantic import JsonValue
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncEngine

from rollway.store import membership, queries, writes
from rollway.store.dialect import Dialect
from rollway.store.protocol import (
    Append,
    ApplicationRow,
    Held,
    Json,
    MeasurementRow,
    Member,
    Recorded,
    ReleaseRow,
    Remembered,
    Roll,
    Summary,
    SummaryKind,
)
from rollway.store.reader import Reader, closed
from rollway.store.rows import Cell, decode, encode, row_of, storable, value_of
from rollway.store.schema import keyed_values, measurements, remembered
from rollway.store.transaction import read_all_heads, read_heads
from rollway.store.writer import Around, Writer, nothing

T = TypeVar("T")


class SqlStore:
    """A `Store` (protocol.py) in a database whose tables are those of schema.py."""

    def __init__(
        self, dialect: Dialect, reader: AsyncEngine, writer: AsyncEngine, around: Around = nothing
    ) -> None:
        self._dialect = dialect
        self._reader = Reader(reader, dialect)
        self._writer = Writer(writer, dialect, around)
        pulse = dialect.pulse()
        self._pulse = self._writer if pulse is None else Writer(pulse, dialect)

    async def append(
        self, *appends: Append, remember: Remembered | None = None, held: Held | None = None
    ) -> None:
        await self._writer.write(writes.AppendWrite(appends, remember, held))

    async def read(self, stream: str, after: int = 0) -> Sequence[Recorded]:
        return await self._select(Recorded, queries.events_of(), {"of": stream, "after": after})

    async def heads(self, streams: Collection[str] | None = None) -> Mapping[str, int]:
        if streams is None:
            return await self._reader.read(read_all_heads)
        return await self._reader.read(partial(read_heads, wanted=streams))

    async def summaries(
        self,
        *,
        kind: SummaryKind,
        application: str | None = None,
        environment: str | None = None,
        phases: Collection[str] | None = None,
        unfinished: bool | None = None,
        limit: int | None = None,
        before: str | None = None,
    ) -> Sequence[Summary]:
        query = queries.summaries_query(kind, application, environment, phases, unfinished, before)
        return await self._select(Summary, query.limit(limit))

    async def raise_epoch(
        self, environment: str, owner: str, lease: str | None = None, above: int = 0
    ) -> int:
        return await self._writer.write(writes.RaiseEpoch(environment, owner, lease, above))

    async def beat(self, member: Member) -> Roll:
        return await self._pulse.write(membership.Beat(member))

    async def take_leases(self, member: str, leases: Mapping[str, str | None]) -> frozenset[str]:
        return await self._pulse.write(membership.TakeLeases(member, leases))

    async def drop_leases(self, member: str, leases: Collection[str]) -> None:
        await self._pulse.write(membership.DropLeases(member, leases))

    async def leave(self, member: str) -> None:
        await self._pulse.write(membership.Leave(member))

    async def strike_off(self, member: Member) -> None:
        await self._pulse.write(membership.StrikeOff(member))

    async def listen(self, told: Callable[[str | None], None]) -> None:
        if self._reader.closed:
            raise closed()
        await self._dialect.listen(told)

    async def record_measurements(self, rows: Sequence[MeasurementRow]) -> None:
        last = {(row.rollout, row.monitor, row.window): row_of(row) for row in rows}
        if last:
            await self._writer.write(writes.Upsert(measurements, list(last.values())))

    async def measurements(self, rollout: str) -> Sequence[MeasurementRow]:
        return await self._select(MeasurementRow, queries.measurements_of(), {"of": rollout})

    async def prune_measurements(self, before: float) -> int:
        return await self._writer.write(
            writes.Remove(measurements.delete().where(measurements.c.window < before))
        )

    async def put_application(self, name: str, settings: Json, actor: str, at: float) -> int:
        return await self._writer.write(writes.PutApplication(name, settings, actor, at))

    async def application(self, name: str) -> ApplicationRow | None:
        return await self._first(ApplicationRow, queries.application_named(), {"name": name})

    async def applications(self) -> Sequence[ApplicationRow]:
        return await self._select(ApplicationRow, queries.latest_applications())

    async def put_release(self, release: ReleaseRow) -> ReleaseRow:
        return await self._writer.write(writes.PutRelease(release))

    async def release(self, application: str, name: str) -> ReleaseRow | None:
        return await self._first(ReleaseRow, queries.release_named(), {"of": application, "name": name})

    async def releases(
        self, application: str, limit: int | None = None, before: str | None = None
    ) -> Sequence[ReleaseRow]:
        return await self._select(ReleaseRow, queries.releases_query(application, before).limit(limit))

    async def recall(self, key: str) -> Remembered | None:
        return await self._first(Remembered, queries.answer_to(), {"key": key})

    async def forget(self, before: float) -> int:
        return await self._writer.write(writes.Remove(remembered.delete().where(remembered.c.at < before)))

    async def put_value(self, key: str, value: JsonValue) -> None:
        await self._writer.write(
            writes.Upsert(keyed_values, [{"key": storable(key), "value": encode(value)}])
        )

    async def value(self, key: str) -> JsonValue:
        query = queries.value_of_key()
        text = await self._reader.read(lambda connection: connection.scalar(query, {"key": key}))
        return None if text is None else decode(text)

    async def aclose(self) -> None:
        await self._writer.aclose()
        await self._pulse.aclose()
        await self._reader.aclose()

    async def _select(
        self, kind: Callable[..., T], query: Select[Any], values: Mapping[str, Cell] | None = None
    ) -> Sequence[T]:
        rows = await self._reader.read(lambda connection: connection.execute(query, values))
        return [value_of(kind, row._asdict()) for row in rows]

    async def _first(
        self, kind: Callable[..., T], query: Select[Any], values: Mapping[str, Cell]
    ) -> T | None:
        return next(iter(await self._select(kind, query, values)), None)
