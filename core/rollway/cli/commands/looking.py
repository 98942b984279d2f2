"""Commands that change nothing: plan, status, get, watch, events."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from rollway.cli import local, naming
from rollway.cli.output import console, emit, say
from rollway.cli.session import Session

if TYPE_CHECKING:
    from rollway.client import Client

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
    """Every step of a deploy, its length, what it exposes, and what a rollback would do there."""
    names = local.names()
    with session.client() as client:
        where = naming.place(env, session.application, names, client)
        if names and names.application == where.application:
            _tell_of_changes(client, where)
        document = client.plan(where.application, where.environment, release)
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


def _tell_of_changes(client: "Client", where: naming.Place) -> None:
    """The plan is of what was applied; a deploy from here would apply the file first."""
    deployment = local.ready()
    if client.application(where.application).settings != deployment.settings:
        say(
            "warning: deploy.yaml differs from what was applied, the plan is of the latter; apply it: rollway apply"
        )


def status(
    session: Session,
    env: Annotated[str | None, typer.Argument(metavar="[ENV]", help="prod, or shop/prod.")] = None,
) -> None:
    """What runs where, at what weight."""
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
    if not session.is_text:
        emit(session, documents if env is None else documents[0])
        return
    if not documents:
        typer.echo("no application yet; register yours with: rollway apply")
        return
    from rollway.cli.tables import environments

    console().print(environments(documents))


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

    with session.client() as client:
        id_ = naming.rollout(rollout, session.application, local.names(), client)
        return follow(session, client, client.rollout(id_), pace(timeout, no_wait))


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
