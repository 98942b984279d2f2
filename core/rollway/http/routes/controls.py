"""What people say to a rollout: pause, resume, promote, abort, and once more from the start."""

from __future__ import annotations

from fastapi import APIRouter, Response

from rollway.http import projection
from rollway.http.calling import Actor, Cases, Key
from rollway.http.documents import RolloutDocument
from rollway.http.requests import EmptyBody, PromoteBody, ReasonBody
from rollway.http.routes.rollouts import Id, started

router = APIRouter(prefix="/rollouts/{id}", tags=["rollouts"])


@router.post("/pause")
async def pause(
    id_: Id, cases: Cases, actor: Actor, key: Key, body: ReasonBody | None = None
) -> RolloutDocument:
    """Hold it where it is: the weight stays, monitors go on, a failing one takes it back.

    A call in flight is finished, none is started; the rest of a hold is kept. 409 where it has ended, is promoted or
    paused already, or is being taken back.
    """
    return projection.rollout(await cases.pause(id_, actor, body.reason if body else "", key))


@router.post("/resume")
async def resume(
    id_: Id, cases: Cases, actor: Actor, key: Key, body: EmptyBody | None = None
) -> RolloutDocument:
    """Let a paused rollout go on; one that waits for evidence observes its step anew. 409 where it is not paused."""
    return projection.rollout(await cases.resume(id_, actor, key))


@router.post("/promote")
async def promote(
    id_: Id, cases: Cases, actor: Actor, key: Key, body: PromoteBody | None = None
) -> RolloutDocument:
    """Go on without the rest of this hold and its evidence; with `full` without those of all that follow.

    Monitors go on: a failing one takes it back all the same.
    """
    return projection.rollout(await cases.promote(id_, actor, full=bool(body and body.full), key=key))


@router.post("/abort")
async def abort(
    id_: Id, cases: Cases, actor: Actor, key: Key, body: ReasonBody | None = None
) -> RolloutDocument:
    """Stop it: traffic back to stable at once. 409 where it has ended or is promoted."""
    return projection.rollout(await cases.abort(id_, actor, body.reason if body else "", key))


@router.post("/retry", status_code=201, responses={200: {"model": RolloutDocument}})
async def retry(
    id_: Id, cases: Cases, actor: Actor, key: Key, response: Response, body: ReasonBody | None = None
) -> RolloutDocument:
    """A new rollout of the same release, from the first step (201); none where it is stable by now (200).

    409 where it goes on or was promoted, or another rollout holds the environment.
    """
    view = await cases.retry(id_, actor, body.reason if body else "", key)
    return started(projection.rollout(view), response)
