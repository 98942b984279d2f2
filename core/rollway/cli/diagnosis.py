"""Who looks at what: the daemon for itself where one answers, else this process at what a daemon would use."""

from __future__ import annotations

import asyncio
import fcntl
import os
import platform
import shlex
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from rollway import errors
from rollway._version import __version__
from rollway.cli.local import FILE
from rollway.cli.session import SERVER, Session
from rollway.client import Client
from rollway.config import Deployment, load
from rollway.doctor import machine
from rollway.doctor.database import database
from rollway.doctor.examining import Look, aside, examined
from rollway.doctor.plugins import Bench, Named, looks, used
from rollway.domain.findings import Finding, problem, warning
from rollway.http.documents import DoctorDocument, FindingDocument
from rollway.plugin.kinds import Node
from rollway.plugin.loading import load as load_plugins
from rollway.plugin.registry import Registry
from rollway.plugin.secrets import Secrets
from rollway.store import sqlite_url

ANSWERS_WITHIN = 3.0
"""Seconds that a daemon has to say that it is there."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What to look at: the file of an application, and what a daemon would be given."""

    file: Path
    database: str | None
    data: Path


async def diagnose(session: Session, subject: Subject) -> tuple[Sequence[Finding], str | None]:
    """Everything that is found, and the address of the daemon that looked; None where none answers."""
    registry = load_plugins()
    deployment, of_file = _file(subject.file, registry)
    named = sorted(used([deployment])) if deployment else []
    with session.client() as client:
        document, of_daemon = await asyncio.to_thread(_ask, client, session, named)
    if document is not None:
        told = [_told(each) for each in document.findings]
        return [*_in("daemon", of_daemon), *told, *of_file], _address(session)
    own = await examined([*_looks(subject), *_plugins(subject, registry, deployment)])
    return [*_in("daemon", of_daemon), *own, *of_file], None


def _in(part: str, findings: Sequence[Finding]) -> Sequence[Finding]:
    return [replace(each, part=part) for each in findings]


def _address(session: Session) -> str:
    return session.server or os.environ.get("ROLLWAY_SERVER") or SERVER


def _ask(
    client: Client, session: Session, named: Sequence[Named]
) -> tuple[DoctorDocument | None, Sequence[Finding]]:
    """What the daemon says of itself, and how it answers. Blocks."""
    address = _address(session)
    silent = _silent(address, session)
    if silent is not None:
        return None, [silent]
    try:
        document = client.doctor([f"{kind}/{name}" for kind, name in named])
    except errors.NotFoundError:
        said = f"one of an earlier version answers at {address}, which cannot look at itself"
        return None, [warning("daemon", said, f"upgrade it: this command is {__version__}")]
    except errors.RollwayError as error:
        return None, [problem("daemon", str(error), error.advice or "")]
    return document, [_version(address, document)]


def _silent(address: str, session: Session) -> Finding | None:
    """That nobody answers there within seconds; a call of its own would wait for a frozen one much longer."""
    asked = session.server or os.environ.get("ROLLWAY_SERVER")
    said = f"none answers at {address}; this looks at what one would use"
    try:
        httpx.get(f"{address.rstrip('/')}/healthz", timeout=ANSWERS_WITHIN, trust_env=not _is_here(address))
    except httpx.ConnectError:
        if asked:
            return problem("daemon", said, "see whether it runs there, and what its log says")
        return warning("daemon", said, "start one: rollway daemon; or name it with --server")
    except httpx.HTTPError:
        said = f"whoever listens at {address} does not answer within {ANSWERS_WITHIN:g} s"
        return problem("daemon", said, "see whether it is stopped (ps: state T) or the machine too busy")
    return None


def _is_here(address: str) -> bool:
    return httpx.URL(address).host in ("localhost", "127.0.0.1", "::1")


def _version(address: str, document: DoctorDocument) -> Finding:
    said = f"{document.version} answers at {address}, on node {document.node}"
    if document.version != __version__:
        return warning("daemon", f"{said}; this command is {__version__}", "bring both to the same version")
    return Finding("daemon", said)


def _told(each: FindingDocument) -> Finding:
    return Finding(each.name, each.said, each.grade, each.advice or "", each.part)


def _held(data: Path) -> Sequence[Finding]:
    """That a daemon has this folder which was not the one to be asked. Blocks."""
    with suppress(OSError), (data / "daemon.lock").open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            said = f"one runs with {data} and listens elsewhere"
            return [warning("daemon", said, "ask it: rollway doctor --server http://HOST:PORT")]
    return []


def _looks(subject: Subject) -> Sequence[Look]:
    data = subject.data.absolute()
    url = subject.database or sqlite_url(data / "rollway.db")
    return [
        Look("daemon", "data folder", lambda: aside(lambda: _held(data))),
        Look("machine", "machine", lambda: aside(lambda: machine.machine(data))),
        Look("machine", "clock", lambda: aside(machine.clock)),
        Look("database", "database", lambda: database(url)),
    ]


def _plugins(subject: Subject, registry: Registry, deployment: Deployment | None) -> Sequence[Look]:
    data = subject.data.absolute()
    bench = Bench(registry, Node(platform.node() or "localhost", data / "node", Secrets(data / "secrets")))
    return list(looks(bench, used([deployment] if deployment else [])))


def _file(file: Path, registry: Registry) -> tuple[Deployment | None, Sequence[Finding]]:
    """The application's file, where there is one; one that was named must be there."""
    if file == FILE and not file.exists():
        return None, []
    try:
        deployment = load(file, os.environ, registry)
    except errors.ConfigurationError as error:
        first, *more = map(str, (*error.problems, *error.refusals))
        said = first + (f"; and {len(more)} more" if more else "")
        advice = f"mend it, then: rollway validate -f {shlex.quote(str(file))}"
        return None, _in("file", [problem(str(file), said, advice)])
    warned = len(deployment.warnings) + len(deployment.refusals)
    said = f"valid, of {deployment.application}" + (f"; see rollway validate -f {file}" if warned else "")
    return deployment, _in("file", [Finding(str(file), said)])
