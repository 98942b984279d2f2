"""The daemons of one database, and what each rests on."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from rollway import __version__
from rollway.domain.findings import Finding, Grade
from rollway.engine.rollcall import Seen
from rollway.http import places
from rollway.http.calling import Cases, Cursor, Limit
from rollway.http.documents import DaemonDocument, DoctorDocument, FindingDocument, Page
from rollway.http.paging import last_of, page
from rollway.http.problems import Refused

router = APIRouter(tags=["daemons"])

Plugins = Annotated[
    list[str] | None, Query(max_length=50, description="KIND/NAME, to be looked at besides those in use")
]


@router.get("/daemons")
async def list_daemons(cases: Cases, limit: Limit = 100, cursor: Cursor = None) -> Page[DaemonDocument]:
    """Every daemon of the same database: the one that answers first, then by node."""
    daemons = list(cases.daemons())
    last = last_of(cursor)
    known = [each.member.id for each in daemons]
    rest = daemons[known.index(last) + 1 :] if last in known else daemons
    return page(rest, limit, _id, places.daemon)


@router.get("/doctor")
async def look(cases: Cases, plugin: Plugins = None) -> DoctorDocument:
    """Look at what this daemon rests on: machine, database, artifacts, plugins. Takes up to ten seconds."""
    findings = await cases.doctor([_named(each) for each in plugin or ()])
    node = next((each.member.node for each in cases.daemons() if each.me), "")
    return DoctorDocument(
        well=all(each.grade is not Grade.PROBLEM for each in findings),
        version=__version__,
        node=node,
        findings=[_finding(each) for each in findings],
    )


def _named(written: str) -> tuple[str, str]:
    kind, slash, name = written.partition("/")
    if not slash or not kind or not name or len(written) > 100:
        raise Refused(400, "plugin", "a plugin is written as KIND/NAME", advice="for example router/envoy")
    return kind, name


def _finding(each: Finding) -> FindingDocument:
    return FindingDocument(
        part=each.part, name=each.name, grade=each.grade, said=each.said, advice=each.advice or None
    )


def _id(seen: Seen) -> str:
    return seen.member.id
