"""Commands that change nothing: plan, status, get, watch, events."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rollway.cli import local, naming
from rollway.cli.exits import UsageError
from rollway.cli.output import console, emit, say
from rollway.cli.session import Session
from rollway.errors import NotFoundError, RollwayError

if TYPE_CHECKING:
    from rollway.client import Client
    from rollway.config import Deployment
    from rollway.http.documents import DaemonDocument, EnvironmentDocument, PlanDocument

Env = Annotated[str, typer.Argument(metavar="ENV", help="prod, or shop/prod.")]
Rollout = Annotated[
    str, typer.Argument(metavar="ROLLOUT", help="Its id, or an ENV with exactly one that goes on.")
]
Timeout = Annotated[
    str | None, typer.Option("--timeout", metavar="D", help="Follow no longer than this (exit 9).")
]
NoWait = Annotated[bool, typer.Option("--no-wait", help="End where it begins to wait for a person (exit 9).")]


def plan(
    session: Session,
    env: Env,
    release: Annotated[str | None, typer.Option(metavar="R", help="A release; known or not.")] = None,
) -> None:
    """Every step of a deploy, before it happens.

    How long it takes, what it exposes, and what a rollback would do there; nothing is changed.
    """
    names = local.names()
    with session.client() as client:
        where = naming.place(env, session.application, names, client)
        named = release
        if names and names.application == where.application:
            deployment = local.ready()
            _tell_of_changes(client, where, deployment)
            named = release or _next(client, deployment)
        document = _planned(client, where, release, named)
    if not session.is_text:
        emit(session, document)
        return
    from rollway.cli.tables import plan as shown
    from rollway.cli.tables import text

    out = console()
    out.print(text(f"{document.release} to {where} by {document.strategy}, plan {document.digest}", "bold"))
    out.print(shown(document))
    for warning in document.warnings:
        out.print(text(f"warning: {warning}", "yellow"))


def _planned(client: "Client", where: naming.Place, asked: str | None, named: str | None) -> "PlanDocument":
    """The plan of the release asked for; of the next one under the name it will have, whether it is known or not."""
    if named is not None and asked is None:
        try:
            client.release(where.application, named)
        except NotFoundError:
            document = client.plan(where.application, where.environment)
            return document.model_copy(update={"release": named})
    return client.plan(where.application, where.environment, named)


def _next(client: "Client", deployment: "Deployment") -> str | None:
    """The name that a deploy from here would give its release; None where there is nothing to make one of."""
    from rollway.cli import releasing

    folder = Path.cwd()
    try:
        return releasing.next_name(client, deployment, releasing.source_of(deployment, folder, None), folder)
    except RollwayError as error:
        say(f"warning: a deploy from here would fail: {error}")
        return None


def _tell_of_changes(client: "Client", where: naming.Place, deployment: "Deployment") -> None:
    """The plan is of what was applied; a deploy from here would apply the file first."""
    if client.application(where.application).settings != deployment.settings:
        say(
            "warning: deploy.yaml differs from what was applied, the plan is of the latter; apply it: rollway apply"
        )


def status(
    session: Session,
    env: Annotated[str | None, typer.Argument(metavar="[ENV]", help="prod, or shop/prod.")] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Follow ENV's last rollout to its end; exit as that ended.")
    ] = False,
    timeout: Timeout = None,
    no_wait: NoWait = False,
    daemons: Annotated[
        bool, typer.Option("--daemons", help="The daemons that share the database instead.")
    ] = False,
) -> int | None:
    """What runs where, at what weight.

    Where several daemons share the database: also which of them drives it, and what none does.
    """
    if daemons and (env is not None or wait):
        raise UsageError("--daemons stands alone", advice="write: rollway status --daemons")
    if wait:
        return _wait(session, env, timeout, no_wait)
    if daemons:
        _daemons(session)
    else:
        _status(session, env)
    return None


def _daemons(session: Session) -> None:
    with session.client() as client:
        found = list(client.daemons())
    if not session.is_text:
        emit(session, found)
        return
    from rollway.cli.daemons import daemons as shown

    console().print(shown(found))


def _wait(session: Session, env: str | None, timeout: str | None, no_wait: bool) -> int:
    """The end of an environment's last rollout, even if it came before this was asked."""
    from rollway.cli.following import follow
    from rollway.cli.pace import pace

    if env is None:
        raise UsageError("--wait needs an ENV", advice="name one: rollway status ENV --wait")
    pacing = pace(timeout, no_wait)
    with session.client() as client:
        where = naming.place(env, session.application, local.names(), client)
        last = next(client.rollouts(application=where.application, environment=where.environment), None)
        if last is None:
            raise NotFoundError(
                f"nothing was deployed to {where} yet", advice=f"start with: rollway deploy {where}"
            )
        return follow(session, client, client.rollout(last.id), pacing)


def _status(session: Session, env: str | None) -> None:
    from rollway.cli.daemons import known

    with session.client() as client:
        if env is None:
            documents = [
                found
                for each in client.applications()
                if session.application in (None, each.application)
                for found in client.environments(each.application)
            ]
        else:
            where = naming.place(env, session.application, local.names(), client)
            documents = [client.environment(where.application, where.environment)]
        daemons = known(client) if session.is_text else []
    if not documents and session.application is not None:
        raise NotFoundError(
            f"there is no application {session.application!r} here",
            advice="rollway status shows all there are",
        )
    if not session.is_text:
        emit(session, documents if env is None else documents[0])
        return
    _tell(documents, daemons, everything=env is None)


def _tell(
    documents: "list[EnvironmentDocument]", daemons: "list[DaemonDocument]", *, everything: bool
) -> None:
    from rollway.cli import daemons as shown
    from rollway.cli.tables import environments

    several = shown.are_told(daemons, documents)
    if not documents:
        typer.echo("no application yet; register yours with: rollway apply")
    else:
        console().print(environments(documents, shown.labels(daemons) if several else None))
    if several and everything:
        typer.echo()
        console().print(shown.daemons(daemons, documents))
    for line in shown.problems(documents):
        say(line)


def get(session: Session, rollout: Rollout) -> None:
    """One rollout: where it stands, and what the evidence says."""
    with session.client() as client:
        document = client.rollout(naming.rollout(rollout, session.application, local.names(), client))
    if not session.is_text:
        emit(session, document)
        return
    from rollway.cli.tables import rollout as shown

    console().print(shown(document))


def watch(session: Session, rollout: Rollout, timeout: Timeout = None, no_wait: NoWait = False) -> int:
    """One rollout, live, until it has ended; the exit code says how."""
    from rollway.cli.following import follow
    from rollway.cli.pace import pace

    pacing = pace(timeout, no_wait)
    with session.client() as client:
        id_ = naming.rollout(rollout, session.application, local.names(), client)
        return follow(session, client, client.rollout(id_), pacing)


def events(session: Session, rollout: Rollout) -> None:
    """One rollout's log."""
    with session.client() as client:
        document = client.rollout(naming.rollout(rollout, session.application, local.names(), client))
        log = client.events(document.id)
    if not session.is_text:
        emit(session, log)
        return
    from rollway.cli.lines import told
    from rollway.cli.plain import plain

    for event in log:
        said = told(event, document)
        sys.stdout.write(plain(f"{event.seq:>4}  {event.at:%Y-%m-%d %H:%M:%S}Z  {event.actor}  {said}\n"))
