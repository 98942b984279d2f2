"""Commands that a person says to a rollout: pause, resume, promote, abort, retry; and the way back, rollback."""

from typing import Annotated

import typer

from rollway.cli import local, naming
from rollway.cli.attention import tell_problem
from rollway.cli.commands.looking import Env, NoWait, Rollout, Timeout
from rollway.cli.exits import UsageError
from rollway.cli.following import begun
from rollway.cli.output import emit
from rollway.cli.pace import pace
from rollway.cli.session import Session

Reason = Annotated[str, typer.Option("--reason", metavar="T", help="Why; kept in the log.")]
Detach = Annotated[bool, typer.Option("--detach", help="Do not follow it.")]


def pause(session: Session, rollout: Rollout, reason: Reason = "") -> None:
    """Hold a rollout where it is. The weight stays, monitors go on, the rest of a hold is kept."""
    with session.client() as client:
        document = client.pause(naming.rollout(rollout, session.application, local.names(), client), reason)
    tell_problem(document)
    if not session.is_text:
        emit(session, document)
        return
    typer.echo(
        f"rollout {document.id} is paused at {document.weight:g}%, monitors go on; "
        f"let it go on: rollway resume {document.id}"
    )


def resume(session: Session, rollout: Rollout) -> None:
    """Let a paused rollout go on. One that waits for evidence observes its step anew."""
    with session.client() as client:
        document = client.resume(naming.rollout(rollout, session.application, local.names(), client))
    tell_problem(document)
    if not session.is_text:
        emit(session, document)
        return
    typer.echo(f"rollout {document.id} goes on; follow it: rollway watch {document.id}")


def promote(
    session: Session,
    rollout: Rollout,
    full: Annotated[bool, typer.Option("--full", help="Past every hold that is left.")] = False,
) -> None:
    """Go on to the next step without the rest of this one.

    Neither its hold nor its evidence is waited for; a failing monitor takes the rollout back still.
    """
    with session.client() as client:
        id_ = naming.rollout(rollout, session.application, local.names(), client)
        document = client.promote(id_, full=full)
    tell_problem(document)
    if not session.is_text:
        emit(session, document)
        return
    how = "past every hold" if full else "to its next step"
    typer.echo(f"rollout {document.id} goes on {how}, monitors go on; follow it: rollway watch {document.id}")


def abort(session: Session, rollout: Rollout, reason: Reason = "") -> None:
    """Stop a rollout: traffic goes back to stable at once."""
    with session.client() as client:
        document = client.abort(naming.rollout(rollout, session.application, local.names(), client), reason)
    tell_problem(document)
    if not session.is_text:
        emit(session, document)
        return
    typer.echo(f"rollout {document.id} is being taken back; follow it: rollway watch {document.id}")


def retry(
    session: Session,
    rollout: Rollout,
    reason: Reason = "",
    detach: Detach = False,
    timeout: Timeout = None,
    no_wait: NoWait = False,
    from_step: Annotated[str | None, typer.Option("--from-step", help="Not built yet.")] = None,
) -> int:
    """Once more what was taken back, aborted or failed.

    A new rollout of the same release, from the first step.
    """
    if from_step is not None:
        raise UsageError("--from-step is not built yet; a retry begins with the first step")
    pacing = pace(timeout, no_wait)
    with session.client() as client:
        id_ = naming.rollout(rollout, session.application, local.names(), client)
        return begun(session, client, client.retry(id_, reason), pacing, detach=detach)


def rollback(
    session: Session,
    env: Env,
    to: Annotated[str | None, typer.Option(metavar="RELEASE", help="Another than the last good one.")] = None,
    reason: Reason = "",
    detach: Detach = False,
    timeout: Timeout = None,
    no_wait: NoWait = False,
) -> int:
    """Back to the last good release, or the one named.

    While a rollout goes on, one that is being taken back as well, ending it is all that happens: what is stable stays.
    A script that may not know whether one goes on says which release it wants: `--to`.
    """
    pacing = pace(timeout, no_wait)
    with session.client() as client:
        where = naming.place(env, session.application, local.names(), client)
        document = client.rollback(where.application, where.environment, to, reason)
        return begun(session, client, document, pacing, detach=detach)
