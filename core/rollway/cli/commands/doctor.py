"""The look at everything: doctor."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rollway.cli.exits import Exit
from rollway.cli.local import FILE
from rollway.cli.output import console, emit
from rollway.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import JsonValue

    from rollway.domain.findings import Finding


def doctor(
    session: Session,
    file: Annotated[Path, typer.Option("--file", "-f", help="The file whose plugins are looked at.")] = FILE,
    database: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The database to look at where no daemon answers; as for daemon."),
    ] = None,
    data: Annotated[
        Path, typer.Option(metavar="DIR", help="The data folder to look at where no daemon answers.")
    ] = Path(".rollway"),
) -> int:
    """Look at all that Rollway rests on, and say what to do.

    That is the machine, the database, the artifacts, and each plugin in use. A daemon that answers looks for itself; without one this command looks at what a daemon would use. Warnings end with 0,
    problems with 5.
    """
    import asyncio

    from rollway.cli.diagnosis import Subject, diagnose

    found, server = asyncio.run(diagnose(session, Subject(file, database, data)))
    if session.is_text:
        _show(found)
    else:
        emit(session, _document(found, server))
    return Exit.FAILED if any(each.grade == "problem" for each in found) else Exit.DONE


def _show(found: "Sequence[Finding]") -> None:
    from rich.text import Text

    from rollway.cli.checkup import lines, summary

    out = console()
    out.print(Text("\n").join([*lines(found, out.width), Text(summary(found), "bold")]), soft_wrap=True)


def _document(found: "Sequence[Finding]", server: str | None) -> "dict[str, JsonValue]":
    from rollway import __version__

    return {
        "well": all(each.grade != "problem" for each in found),
        "version": __version__,
        "daemon": server,
        "findings": [
            {
                "part": each.part,
                "name": each.name,
                "grade": each.grade.value,
                "said": each.said,
                "advice": each.advice or None,
            }
            for each in found
        ],
    }
