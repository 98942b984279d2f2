# ruff: noqa: D102 - rollway.store.protocol says what each method does
"""A store that lives in memory and passes the same suite as the durable ones."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TypeAlias, TypeVar

from pydantic import JsonValue

from rollway.store.fencing import check_held, check_leased
from rollway.store.protocol import (
    AlreadyRemembered,
    Append,
    ApplicationRow,
    Conflict,
    Held,
    Json,
    MeasurementRow,
    Member,
    Recorded,
    ReleaseDiffers,
    ReleaseRow,
    Remembered,
    Roll,
    StoreUnavailable,
    Summary,
    SummaryKind,
)
from rollway.store.rows import Row, decode, encode, event_row, row_of, same, storable, value_of

T = TypeVar("T")
Told: TypeAlias = Callable[[str | None], None]


@dataclass(slots=True)
class _Data:
    """Encoded as in a database, so that nothing is shared with callers and what is no JSON is refused."""

    events: dict[str, list[Row]] = field(default_factory=dict)
    summaries: dict[str, Row] = field(default_factory=dict)
    epochs: dict[str, int] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    leases: dict[str, str] = field(default_factory=dict)
    measurements: dict[tuple[str, int, str], Row] = field(default_factory=dict)
    applications: dict[str, list[Row]] = field(default_factory=dict)
    releases: dict[str, dict[str, Row]] = field(default_factory=dict)
    remembered: dict[str, Row] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    listeners: list[tuple["MemoryStore", Told]] = field(default_factory=list)


class MemoryStore:
    """A `Store` without a disk. `again()` opens the same data as another daemon, or this one restarted, would."""

    def __init__(self) -> None:
        self._kept = _Data()
        self._closed = False

    def again(self) -> "MemoryStore":
        """Return another open store on the same data."""
        store = MemoryStore()
        store._kept = self._kept
        return store

    async def append(
        self, *appends: Append, remember: Remembered | None = None, held: Held | None = None
    ) -> None:
        if held is not None:
            check_held(held, self._data.epochs.get(held.environment, 0))
        moved: dict[str, list[Row]] = {}
        for append in appends:
            moved[append.stream] = self._continued(append, moved.get(append.stream))
        summaries = {append.stream: row_of(append.summary) for append in appends if append.summary}
        answer = {remember.key: row_of(remember)} if remember else {}
        if answer.keys() & self._data.remembered.keys():
            raise AlreadyRemembered(*answer)
        self._data.events.update({stream: events for stream, events in moved.items() if events})
        self._data.summaries.update(summaries)
        self._data.remembered.update(answer)
        self._tell_others({append.stream for append in appends if append.events})

    def _tell_others(self, streams: Iterable[str]) -> None:
        for store, told in list(self._data.listeners):
            for stream in streams if store is not self else ():
                told(stream)

    def _continued(self, append: Append, events: list[Row] | None) -> list[Row]:
        if events is None:
            events = self._data.events.get(append.stream, [])
        if len(events) != append.expected_seq:
            raise Conflict(append.stream, append.expected_seq, len(events))
        numbered = enumerate(append.events, append.expected_seq + 1)
        return [*events, *(event_row(append.stream, seq, event) for seq, event in numbered)]

    async def read(self, stream: str, after: int = 0) -> Sequence[Recorded]:
        return [value_of(Recorded, row) for row in self._data.events.get(stream, [])[max(after, 0) :]]

    async def heads(self, streams: Collection[str] | None = None) -> Mapping[str, int]:
        events = self._data.events
        return {
            name: len(events[name]) for name in (events if streams is None else streams) if name in events
        }

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
        wanted: dict[str, str | bool | None]
        wanted = {"kind": kind, "application": application, "environment": environment}
        wanted["ended"] = None if unfinished is None else not unfinished
        found = (
            row
            for stream, row in sorted(self._data.summaries.items(), reverse=True)
            if (before is None or stream < before)
            and (phases is None or row["phase"] in phases)
            and all(value is None or row[name] == value for name, value in wanted.items())
        )
        return _values(Summary, islice(found, limit))

    async def raise_epoch(
        self, environment: str, owner: str, lease: str | None = None, above: int = 0
    ) -> int:
        if lease is not None:
            check_leased(lease, owner, self._data.leases.get(lease))
        storable(environment), storable(owner)
        self._data.epochs[environment] = max(self._data.epochs.get(environment, 0), above) + 1
        return self._data.epochs[environment]

    async def beat(self, member: Member) -> Roll:
        row_of(member)  # refuses what cannot be stored
        known = self._data.members.get(member.id, replace(member, beat=0))
        self._data.members[member.id] = replace(known, beat=known.beat + 1)
        everybody = sorted(self._data.members.values(), key=lambda each: each.id)
        return Roll(tuple(everybody), dict(self._data.leases))

    async def take_leases(self, member: str, leases: Mapping[str, str | None]) -> frozenset[str]:
        for name in (member, *leases):
            storable(name)
        taken = frozenset(lease for lease, before in leases.items() if self._data.leases.get(lease) == before)
        self._data.leases.update(dict.fromkeys(sorted(taken), member))
        return taken

    async def drop_leases(self, member: str, leases: Collection[str]) -> None:
        held = self._data.leases.items()
        self._data.leases = {name: holder for name, holder in held if holder != member or name not in leases}

    async def leave(self, member: str) -> None:
        self._data.members.pop(member, None)
        await self.drop_leases(member, list(self._data.leases))

    async def strike_off(self, member: Member) -> None:
        known = self._data.members.get(member.id)
        if known is not None and known.beat == member.beat and member.id not in self._data.leases.values():
            del self._data.members[member.id]

    async def listen(self, told: Told) -> None:
        listener = (self, told)
        self._data.listeners.append(listener)
        try:
            told(None)
            await asyncio.get_running_loop().create_future()
        finally:
            self._kept.listeners.remove(listener)

    async def record_measurements(self, rows: Sequence[MeasurementRow]) -> None:
        self._data.measurements.update({(row.rollout, row.window, row.monitor): row_of(row) for row in rows})

    async def measurements(self, rollout: str) -> Sequence[MeasurementRow]:
        rows = sorted((key, row) for key, row in self._data.measurements.items() if key[0] == rollout)
        return _values(MeasurementRow, (row for _, row in rows))

    async def prune_measurements(self, before: float) -> int:
        old = [key for key in self._data.measurements if key[1] < before]
        for key in old:
            del self._data.measurements[key]
        return len(old)

    async def put_application(self, name: str, settings: Json, actor: str, at: float) -> int:
        revisions = self._data.applications.get(name, [])
        row = row_of(ApplicationRow(name, len(revisions) + 1, settings, actor, at))
        if not (revisions and same(str(revisions[-1]["settings"]), str(row["settings"]))):
            self._data.applications[name] = [*revisions, row]
        return len(self._data.applications[name])

    async def application(self, name: str) -> ApplicationRow | None:
        return _first(ApplicationRow, self._data.applications.get(name, [])[-1:])

    async def applications(self) -> Sequence[ApplicationRow]:
        return _values(ApplicationRow, (rows[-1] for _, rows in sorted(self._data.applications.items())))

    async def put_release(self, release: ReleaseRow) -> ReleaseRow:
        existing = await self.release(release.application, release.name)
        if existing is None:
            self._data.releases.setdefault(release.application, {})[release.name] = row_of(release)
            return release
        if existing.digest != release.digest:
            raise ReleaseDiffers(release.application, release.name, existing.digest, release.digest)
        return existing

    async def release(self, application: str, name: str) -> ReleaseRow | None:
        named = self._data.releases.get(application, {})
        return _first(ReleaseRow, [named[name]] if name in named else [])

    async def releases(
        self, application: str, limit: int | None = None, before: str | None = None
    ) -> Sequence[ReleaseRow]:
        names = list(self._data.releases.get(application, {}))
        if before is not None:
            names = names[: names.index(before)] if before in names else []
        rows = (self._data.releases[application][name] for name in reversed(names))
        return _values(ReleaseRow, islice(rows, limit))

    async def recall(self, key: str) -> Remembered | None:
        remembered = self._data.remembered
        return _first(Remembered, [remembered[key]] if key in remembered else [])

    async def forget(self, before: float) -> int:
        kept = {key: row for key, row in self._data.remembered.items() if float(row["at"] or 0) >= before}
        forgotten = len(self._data.remembered) - len(kept)
        self._data.remembered = kept
        return forgotten

    async def put_value(self, key: str, value: JsonValue) -> None:
        self._data.values[key] = encode(value)

    async def value(self, key: str) -> JsonValue:
        return decode(self._data.values.get(key, "null"))

    async def aclose(self) -> None:
        self._closed = True

    @property
    def _data(self) -> _Data:
        if self._closed:
            raise StoreUnavailable("This store is closed", "Open it again")
        return self._kept


def _values(kind: Callable[..., T], rows: Iterable[Row]) -> list[T]:
    return [value_of(kind, row) for row in rows]


def _first(kind: Callable[..., T], rows: Sequence[Row]) -> T | None:
    return value_of(kind, rows[0]) if rows else None
