"""Commands that bring something to the daemon: apply, deploy."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rollway.cli import local, naming
from rollway.cli.commands.controls import Detach
from rollway.cli.commands.looking import Env, NoWait, Timeout
from rollway.cli.commands.offline import File
from rollway.cli.exits import UsageError
from rollway.cli.local import FILE
from rollway.cli.output import emit, say
from rollway.cli.session import Session
from rollway.errors import NotFoundError

if TYPE_CHECKING:
    from rollway.client import Client
    from rollway.config import Deployment


def apply(session: Session, file: File = FILE) -> None:
    """Register or update the application at the daemon."""
    deployment = local.ready(file)
    with session.client() as client:
        done = client.apply(deployment.application, deployment.settings)
    for warning in done.warnings:
        say(f"warning: {warning}")
    if not session.is_text:
        emit(session, done)
        return
    typer.echo(f"{done.application}: {'applied' if done.changed else 'unchanged'}, revision {done.revision}")


def deploy(
    session: Session,
    env: Env,
    release: Annotated[
        str | None, typer.Option(metavar="R", help="The release's name; alone, one that is known.")
    ] = None,
    artifact: Annotated[
        Path | None, typer.Option(metavar="PATH", help="A folder, .tar, .tar.gz or .zip.")
    ] = None,
    detach: Detach = False,
    replace: Annotated[bool, typer.Option("--replace", help="Not built yet.")] = False,
    timeout: Timeout = None,
    no_wait: NoWait = False,
    wait: Annotated[str | None, typer.Option(metavar="bake", help="Not built yet.")] = None,
    unwatched: Annotated[
        bool, typer.Option("--unwatched", help="No monitor decides; needs --reason.")
    ] = False,
    reason: Annotated[str, typer.Option("--reason", metavar="T", help="Why; kept in the log.")] = "",
) -> int:
    """Bring a release to an environment, a little at a time.

    It is followed until it is promoted, or taken back; the exit code says how it ended.
    """
    from rollway.cli.following import begun
    from rollway.cli.pace import pace

    _refuse(replace, wait, unwatched, reason)
    _refuse_name(release)
    pacing = pace(timeout, no_wait)
    with session.client() as client:
        where, own = _here(env, session.application, client)
        name = _released(client, where, own, release, artifact)
        document = client.start(
            where.application, where.environment, name, unwatched=unwatched, reason=reason
        )
        return begun(session, client, document, pacing, detach=detach)


def _refuse(replace: bool, wait: str | None, unwatched: bool, reason: str) -> None:
    if replace:
        raise UsageError(
            "--replace is not built yet", advice="abort the running rollout first: rollway abort ENV"
        )
    if wait is not None:
        raise UsageError("--wait is not built yet; a deploy ends when the release is promoted")
    if unwatched and not reason.strip():
        raise UsageError("--unwatched needs a --reason: it is shown for ever")


def _refuse_name(release: str | None) -> None:
    """A name that no release can have, before anything is packed and sent."""
    from rollway.config.names import RELEASE_PATTERN, RELEASE_SENTENCE

    if release is not None and not re.fullmatch(RELEASE_PATTERN, release):
        raise UsageError(f"--release {release}: {RELEASE_SENTENCE}")


def _here(env: str, application: str | None, client: "Client") -> tuple[naming.Place, "Deployment | None"]:
    """What ENV names, and the file here if it is of that application (or so broken that nobody can tell)."""
    names = local.names()
    where = naming.said(env, application, names)
    if where is None:
        where = _elsewhere(env, names, client)
    concerned = FILE.exists() and (names is None or names.application == where.application)
    return where, local.ready() if concerned else None


def _elsewhere(env: str, names: local.Names | None, client: "Client") -> naming.Place:
    places = naming.known(client)
    if names is not None and env not in {each.environment for each in places}:
        there = ", ".join(names.environments) or "none"
        raise NotFoundError(f"deploy.yaml has no environment {env!r}", advice=f"it has: {there}")
    return naming.only(env, places)


def _released(
    client: "Client",
    where: naming.Place,
    own: "Deployment | None",
    release: str | None,
    artifact: Path | None,
) -> str:
    """The name of the release to deploy, made of the files here unless it is known and comes without an artifact."""
    from rollway.cli import releasing

    if own is not None:
        releasing.apply_if_different(client, own)
    if release is not None and artifact is None and (own is None or _is_known(client, where, release)):
        return release
    if own is None:
        raise UsageError(
            f"there is no deploy.yaml of {where.application} here to make a release of",
            advice="name a known one with --release, or go to its folder",
        )
    folder = Path.cwd()
    source = releasing.source_of(own, folder, artifact)
    name = releasing.release(client, own, source, folder, release)
    say(f"release {name}")
    return name


def _is_known(client: "Client", where: naming.Place, release: str) -> bool:
    try:
        client.release(where.application, release)
    except NotFoundError:
        return False
    return True
