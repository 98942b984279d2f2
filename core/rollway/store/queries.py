"""The reads. Those asked for all the time are made once, with names for what differs: to make one costs more than to run it."""

from collections.abc import Collection
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, func, select

from rollway.store.protocol import SummaryKind
from rollway.store.schema import (
    applications,
    events,
    keyed_values,
    measurements,
    releases,
    remembered,
    summaries,
)
from rollway.store.writes import RELEASE_COLUMNS


@cache
def events_of() -> Select[Any]:
    """Select the events `of` a stream with a `seq` above `after`."""
    mine = events.c.stream == bindparam("of"), events.c.seq > bindparam("after")
    return select(events).where(*mine).order_by(events.c.seq)


@cache
def measurements_of() -> Select[Any]:
    """Select the measurements `of` a rollout."""
    query = select(measurements).where(measurements.c.rollout == bindparam("of"))
    return query.order_by(measurements.c.window, measurements.c.monitor)


@cache
def application_named() -> Select[Any]:
    """Select the application with this `name` as last applied."""
    mine = select(applications).where(applications.c.name == bindparam("name"))
    return mine.order_by(applications.c.revision.desc()).limit(1)


@cache
def release_named() -> Select[Any]:
    """Select the release of this `name` `of` an application."""
    mine = releases.c.application == bindparam("of"), releases.c.name == bindparam("name")
    return select(*RELEASE_COLUMNS).where(*mine)


@cache
def answer_to() -> Select[Any]:
    """Select what was remembered under a `key`."""
    return select(remembered).where(remembered.c.key == bindparam("key"))


@cache
def value_of_key() -> Select[Any]:
    """Select the value kept under a `key`."""
    return select(keyed_values.c.value).where(keyed_values.c.key == bindparam("key"))


def summaries_query(
    kind: SummaryKind,
    application: str | None,
    environment: str | None,
    phases: Collection[str] | None,
    unfinished: bool | None,
    before: str | None,
) -> Select[tuple[object, ...]]:
    """Select summaries by the conditions that are given, newest first."""
    query = select(summaries).where(summaries.c.kind == kind)
    if application is not None:
        query = query.where(summaries.c.application == application)
    if environment is not None:
        query = query.where(summaries.c.environment == environment)
    if phases is not None:
        query = query.where(summaries.c.phase.in_(phases))
    if unfinished is not None:
        query = query.where(summaries.c.ended.is_(not unfinished))
    if before is not None:
        query = query.where(summaries.c.stream < before)
    return query.order_by(summaries.c.stream.desc())


@cache
def latest_applications() -> Select[tuple[object, ...]]:
    """Select the last revision of each application, by name."""
    last = select(applications.c.name, func.max(applications.c.revision).label("revision"))
    of_each = last.group_by(applications.c.name).subquery()
    is_last = and_(applications.c.name == of_each.c.name, applications.c.revision == of_each.c.revision)
    return select(applications).join(of_each, is_last).order_by(applications.c.name)


def releases_query(application: str, before: str | None = None) -> Select[tuple[object, ...]]:
    """Select an application's releases, the last inserted first."""
    query = select(*RELEASE_COLUMNS).where(releases.c.application == application)
    if before is not None:
        seen = releases.alias()
        number = select(seen.c.number).where(seen.c.application == application, seen.c.name == before)
        query = query.where(releases.c.number < number.scalar_subquery())
    return query.order_by(releases.c.number.desc())
