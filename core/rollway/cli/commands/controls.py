"""Commands that stop and take back: abort, rollback."""

from typing import Annotated

import typer

from rollway.cli import local, naming
from rollway.cli.commands.looking import Env, NoWait, Rollout, Timeout
from rollway.cli.following import follow, how_to_go_on
from rollway.cli.output import emit, say
from rollway.cli.pace import pace
from rollway.cli.session import Session

Reason = Annotated[str, typer.Option("--reason", metavar="T", help="Why; kept in the log.")]
Detach = Annotated[bool, typer.Option("--detach", help="Do not follow it.")]


def abort(session: Session, rollout: Rollout, reason: Reason = "") -> None:
    """Stop a rollout: traffic goes back to stable at once."""
    with session.client() as client:
        id_ = naming.rollout(rollout, session.application, local.names(), client)
        document = client.abort(id_, reason)
    if not session.is_text:
        emit(session, document)
        return
    typer.echo(f"rollout {document.id} is being taken back; {how_to_go_on(document).partition(',')[0]}")


def rollback(
    session: Session,
    env: Env,
    to: Annotated[str | None, typer.Option(metavar="RELEASE", help="Another than the last good one.")] = None,
    reason: Reason = "",
    detach: Detach = False,
    timeout: Timeout = None,
    no_wait: NoWait = False,
) -> int:
    """Back to the last good release, or the one named; a running rollout is ended."""
    pacing = pace(timeout, no_wait)
    with session.client() as client:
        where = naming.place(env, session.application, local.names(), client)
        document = client.rollback(where.application, where.environment, to, reason)
        if document.outcome:
            say(f"{where}: {document.outcome}")
        if detach or document.phase.ended:
            if not session.is_text:
                emit(session, document)
            elif not document.outcome:
                typer.echo(f"rollout {document.id} goes on; {how_to_go_on(document)}")
            return 0
        return follow(session, client, document, pacing)
