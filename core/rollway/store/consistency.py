"""What must be true of the tables together, which no constraint of a database says."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from rollway.store.schema import events, streams


async def count(connection: AsyncConnection) -> tuple[int, int]:
    """How many streams and events there are."""
    of_streams = select(func.count()).select_from(streams).scalar_subquery()
    of_events = select(func.count()).select_from(events).scalar_subquery()
    row = (await connection.execute(select(of_streams, of_events))).one()
    return int(row[0]), int(row[1])


async def inconsistencies(connection: AsyncConnection, most: int) -> Sequence[str]:
    """Say which streams' heads are not the number of their last event, or have gaps; each statement sees one moment."""
    logs = (
        select(
            events.c.stream,
            func.count().label("number"),
            func.min(events.c.seq).label("first"),
            func.max(events.c.seq).label("last"),
        )
        .group_by(events.c.stream)
        .subquery()
    )
    last: ColumnElement[int] = func.coalesce(logs.c.last, 0)
    whole = or_(logs.c.number != logs.c.last, logs.c.first != 1, streams.c.head != last)
    with_head = select(streams.c.stream, streams.c.head, logs.c.number, logs.c.first, logs.c.last)
    with_head = with_head.outerjoin(logs, streams.c.stream == logs.c.stream).where(whole)
    no_head = select(logs).where(logs.c.stream.not_in(select(streams.c.stream)))
    told = [
        f"stream {row.stream}: its head is {row.head}, its events are {_log(row.number, row.first, row.last)}"
        for row in await connection.execute(with_head.order_by(streams.c.stream).limit(most))
    ]
    return told + [
        f"stream {row.stream}: it has no head, its events are {_log(row.number, row.first, row.last)}"
        for row in await connection.execute(no_head.order_by(logs.c.stream).limit(most))
    ]


def _log(number: int | None, first: int | None, last: int | None) -> str:
    return f"{number} from {first} to {last}" if number else "none"
