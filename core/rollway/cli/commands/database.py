"""The database, without a daemon: db."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from rollway.cli.exits import Exit, UsageError
from rollway.cli.output import emit, say
from rollway.cli.session import Session
from rollway.errors import ConflictError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from rollway.store.maintenance import Checkup

Result = TypeVar("Result")


def db(
    session: Session,
    action: Annotated[
        Literal["check", "upgrade", "backup"],
        typer.Argument(metavar="check|upgrade|backup", help="What to do."),
    ],
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Where the backup goes; a new file.")
    ] = None,
    database: Annotated[
        str | None, typer.Option(metavar="URL", help="The database; a SQLite file under --data without it.")
    ] = None,
    data: Annotated[Path, typer.Option(metavar="DIR", help="The folder of everything kept.")] = Path(
        ".rollway"
    ),
) -> int | None:
    """Check the database, bring it up to date, or back it up.

    A backup may be made while a daemon runs; `check` exits 5 if it is damaged.
    """
    from rollway.store import sqlite_url
    from rollway.store.maintenance import NoDatabase

    if (file is None) == (action == "backup"):
        raise UsageError("a FILE goes with backup, and with nothing else", advice="see rollway db --help")
    url = database or sqlite_url(data.absolute() / "rollway.db")
    try:
        if action == "check":
            return _check(session, url)
        if file is not None:
            _backup(session, url, file.absolute())
        else:
            _upgrade(session, url, data, database is None)
    except NoDatabase as none:
        raise NotFoundError(none.problem, advice=none.advice) from none
    return None


def _check(session: Session, url: str) -> int:
    from rollway.store import maintenance

    found = _run(maintenance.check(url))
    if session.is_text:
        _tell(found)
    else:
        emit(
            session,
            {
                "database": found.place,
                "revision": found.revision,
                "newest": found.newest,
                "current": found.current,
                "streams": found.streams,
                "events": found.events,
                "bytes": found.size,
                "problems": list(found.problems),
            },
        )
    return Exit.FAILED if found.problems else Exit.DONE


def _tell(found: "Checkup") -> None:
    until = "current" if found.current else f"{found.newest} is the newest: rollway db upgrade"
    typer.echo(f"{found.place}: revision {found.revision}, {until}")
    typer.echo(f"{found.events:,} events in {found.streams:,} streams, {_size(found.size)}")
    for problem in found.problems:
        typer.echo(f"  {problem}")
    if found.problems:
        say("rollway: the database is damaged; stop the daemon and put a backup in its place")
    else:
        typer.echo("nothing is wrong")


def _upgrade(session: Session, url: str, data: Path, ours: bool) -> None:
    from contextlib import nullcontext

    from rollway.daemon.folder import held, held_file
    from rollway.store import file_of, maintenance

    maintenance.existing(url)  # else the folder would be made
    with held(data) if ours else nullcontext(), held_file(file_of(url)):
        before, after = _run(maintenance.upgrade(url))
    place = maintenance.existing(url).place
    if not session.is_text:
        emit(session, {"database": place, "from": before, "to": after})
    elif before == after:
        typer.echo(f"{place}: already at revision {after}")
    else:
        typer.echo(f"{place}: from revision {before} to {after}")


def _backup(session: Session, url: str, file: Path) -> None:
    from rollway.store import maintenance

    try:
        size = _run(maintenance.backup(url, file))
    except FileExistsError as error:
        raise ConflictError(f"{file} is there already", advice="give a new name") from error
    place = maintenance.existing(url).place
    if session.is_text:
        typer.echo(f"{file}: a copy of {place}, {_size(size)}")
    else:
        emit(session, {"database": place, "file": str(file), "bytes": size})


def _run(work: "Coroutine[None, None, Result]") -> Result:
    import asyncio  # a tenth of the time that the commands which need no loop take to start

    return asyncio.run(work)


def _size(size: float) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"
