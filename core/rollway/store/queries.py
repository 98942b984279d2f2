"""The lists."""

from collections.abc import Collection

from sqlalchemy import Select, and_, func, select

from rollway.store.protocol import SummaryKind
from rollway.store.schema import applications, releases, summaries
from rollway.store.writes import RELEASE_COLUMNS


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
