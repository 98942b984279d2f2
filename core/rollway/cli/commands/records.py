"""Commands that tell what was: list, history, logs."""

import sys
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from rollway.cli import local, naming
from rollway.cli.commands.looking import Env, Rollout
from rollway.cli.exits import UsageError
from rollway.cli.output import console, emit, say
from rollway.cli.session import Session
from rollway.domain.words import Phase

if TYPE_CHECKING:
    from rollway.client import Client
    from rollway.http.documents import LogsDocument, OutputDocument

LOOK_EVERY = 0.5
"""Seconds between two looks of `--follow`."""
KEPT = 500
"""Lines of each instance that a look of `--follow` asks for: more in between are left out."""

Limit = Annotated[int, typer.Option(metavar="N", min=1, max=10_000, help="The most to show.")]


def list_(
    session: Session,
    env: Annotated[str | None, typer.Argument(metavar="[ENV]", help="prod, or shop/prod.")] = None,
    phase: Annotated[
        list[Phase] | None, typer.Option(help="Only those in this phase; may be repeated.")
    ] = None,
    running: Annotated[bool, typer.Option("--running", help="Only those that have not ended.")] = False,
    limit: Limit = 20,
) -> None:
    """Rollouts, newest first."""
    with session.client() as client:
        where = naming.place(env, session.application, local.names(), client) if env else None
        rows = client.rollouts(
            application=where.application if where else session.application,
            environment=where.environment if where else None,
            phases=[each.value for each in phase or ()],
            unfinished=True if running else None,
        )
        shown = list(islice(rows, limit))
        more = next(rows, None) is not None
    if not session.is_text:
        emit(session, shown)
        return
    if not shown:
        typer.echo(
            "no such rollout" if phase or running else "no rollout yet; start with: rollway deploy ENV"
        )
        return
    from rollway.cli.tables import rollouts

    console().print(rollouts(shown))
    _tell_of_more(more, limit)


def history(session: Session, env: Env, limit: Limit = 20) -> None:
    """What was brought to an environment, newest first.

    Which release, by whom, when, and how it ended.
    """
    with session.client() as client:
        where = naming.place(env, session.application, local.names(), client)
        rows = client.history(where.application, where.environment)
        shown = list(islice(rows, limit))
        more = next(rows, None) is not None
    if not session.is_text:
        emit(session, shown)
        return
    if not shown:
        typer.echo(f"nothing was deployed to {where} yet; start with: rollway deploy {where}")
        return
    from rollway.cli.tables import history as table

    console().print(table(shown))
    _tell_of_more(more, limit)


def _tell_of_more(more: bool, limit: int) -> None:
    if more:
        say(f"there are more; see them with --limit {limit * 5}")


def logs(
    session: Session,
    rollout: Rollout,
    lines: Annotated[int, typer.Option(metavar="N", min=1, max=1000, help="Lines of each instance.")] = 20,
    follow: Annotated[bool, typer.Option("--follow", help="Go on until the rollout has ended.")] = False,
) -> None:
    """What the instances of a rollout wrote last.

    Those of the new release, and the stable ones.
    """
    if follow and not session.is_text:
        raise UsageError("--follow is for people; leave out -o")
    with session.client() as client:
        id_ = naming.rollout(rollout, session.application, local.names(), client)
        document = client.logs(id_, KEPT if follow else lines)
        if not session.is_text:
            emit(session, document)
            return
        _print([each.model_copy(update={"lines": each.lines[-lines:]}) for each in document.instances])
        if follow:
            _follow(client, document)
        elif not any(each.lines for each in document.instances):
            say(_why_silent(client, id_))


def _why_silent(client: "Client", rollout: str) -> str:
    """What instances write is kept on their node, where the daemon that was asked may not be the one to read it."""
    document = client.rollout(rollout)
    place = client.environment(document.application, document.environment)
    driver = place.daemon
    if not place.node or driver is None or driver.me:
        return place.problem or "no instance wrote anything, or nothing of it is kept"
    return f"what they write is kept on {place.node}; there: rollway logs {rollout} --server {driver.url}"


def _follow(client: "Client", before: "LogsDocument") -> None:
    while True:
        ended = client.rollout(before.rollout).phase.ended
        after = client.logs(before.rollout, KEPT)
        _print(list(_news(before, after)))
        if ended:
            return
        before = after
        time.sleep(LOOK_EVERY)


def _news(before: "LogsDocument", after: "LogsDocument") -> Iterator["OutputDocument"]:
    known = {each.instance: each.lines for each in before.instances}
    for each in after.instances:
        yield each.model_copy(update={"lines": added(known.get(each.instance, []), each.lines)})


def added(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """The lines at the end of one tail that another, taken earlier, has not."""
    for known in range(min(len(before), len(after)), 0, -1):
        if list(before[-known:]) == list(after[:known]):
            return list(after[known:])
    return list(after)


def _print(instances: "Sequence[OutputDocument]") -> None:
    from rollway.cli.plain import plain

    for each in instances:
        for line in each.lines:
            sys.stdout.write(plain(f"{each.role} {each.release} {each.instance}  {line}\n"))
    sys.stdout.flush()
