"""Rollouts: started, listed, followed, with what their instances wrote."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from rollway.domain.words import Phase
from rollway.engine.usecases import NewRollout
from rollway.http import projection, records, streams
from rollway.http.calling import Actor, Cases, Cursor, Key, Limit
from rollway.http.documents import EventDocument, LogsDocument, Page, RolloutDocument, RolloutRow
from rollway.http.paging import last_of, page
from rollway.http.requests import RolloutBody

router = APIRouter(tags=["rollouts"])

Name = Annotated[str | None, Query(max_length=100)]
Id = Annotated[str, Path(alias="id", max_length=100, description="The rollout's id")]
Lines = Annotated[int, Query(ge=1, le=1000, description="The most lines of an instance")]
After = Annotated[int, Query(ge=0, le=2**53, description="Only events with a higher seq")]


def started(document: RolloutDocument, response: Response) -> RolloutDocument:
    """A new rollout is 201; where the call needed none, 200."""
    response.status_code = 200 if document.outcome else 201
    response.headers["Location"] = f"/api/v1/rollouts/{document.id}"
    return document


@router.post("/rollouts", status_code=201, responses={200: {"model": RolloutDocument}})
async def start(
    body: RolloutBody, cases: Cases, actor: Actor, key: Key, response: Response
) -> RolloutDocument:
    """Begin a rollout (201). Deploying what is stable needs none (200, `outcome` says what was done)."""
    new = NewRollout(
        body.application, body.environment, body.release, body.on_busy, body.unwatched, body.reason
    )
    return started(projection.rollout(await cases.start(new, actor, key)), response)


@router.get("/rollouts")
async def list_rollouts(
    cases: Cases,
    application: Name = None,
    environment: Name = None,
    phase: Annotated[list[Phase] | None, Query(description="Any of these")] = None,
    unfinished: Annotated[bool | None, Query(description="Only those that have not ended, or have")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[RolloutRow]:
    """Rollouts, newest first."""
    rows = await cases.rollouts(
        application=application,
        environment=environment,
        phases=[each.value for each in phase] if phase else None,
        unfinished=unfinished,
        limit=limit + 1,
        before=last_of(cursor),
    )
    return page(rows, limit, projection.rollout_id, projection.row)


@router.get("/rollouts/{id}")
async def get_rollout(id_: Id, cases: Cases) -> RolloutDocument:
    """One rollout."""
    return projection.rollout(await cases.rollout(id_))


@router.get(
    "/rollouts/{id}/events",
    response_model=list[EventDocument],
    responses={
        200: {"content": {streams.MEDIA_TYPE: {"schema": {"type": "string"}}}},
        204: {"description": "The stream is over: the rollout has ended and nothing is left to tell"},
    },
)
async def list_events(
    id_: Id,
    request: Request,
    cases: Cases,
    after: After = 0,
) -> Response | list[EventDocument]:
    """A rollout's log, as a list; with `Accept: text/event-stream` as it grows, from `Last-Event-ID` on."""
    if not streams.wanted(request):
        return [projection.event(fact) for fact in await cases.facts(id_, after)]
    after = streams.resumed_after(request, after)
    state = (await cases.rollout(id_)).state
    if state.phase.ended and after >= state.seq:
        return Response(status_code=204)
    return StreamingResponse(
        streams.stream(cases, id_, after, request.app.state.stopping),
        media_type=streams.MEDIA_TYPE,
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@router.get("/rollouts/{id}/logs")
async def list_output(id_: Id, cases: Cases, lines: Lines = 20) -> LogsDocument:
    """The last lines of each instance of its groups, the new release's first; also after its end, while they are kept."""
    return records.logs(id_, await cases.logs(id_, lines))
