"""The daemon and the demo."""

import re
from pathlib import Path
from typing import Annotated, Literal

import typer

from rollway.cli.exits import UsageError
from rollway.cli.session import Session

NODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
"""What a machine may be called; every host name is one."""


def daemon(
    session: Session,
    listen: Annotated[
        str, typer.Option(metavar="H:P", help="Where to listen; loopback only. Port 0: any free one.")
    ] = "127.0.0.1:7700",
    database: Annotated[
        str | None, typer.Option(metavar="URL", help="The database; a SQLite file under --data without it.")
    ] = None,
    data: Annotated[Path, typer.Option(metavar="DIR", help="The folder of everything kept.")] = Path(
        ".rollway"
    ),
    node: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What this machine is called among the daemons of one database; its host's name without it.",
        ),
    ] = None,
    log_format: Annotated[
        Literal["text", "json"] | None,
        typer.Option(
            help="Lines for people, or one JSON object a line (also with -o json); text without it."
        ),
    ] = None,
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], typer.Option(help="The least that is logged.")
    ] = "info",
) -> int:
    """Run engine and API in one process. Applications and their traffic outlive it."""
    from rollway.daemon import DaemonOptions, run

    if node is not None and not NODE.fullmatch(node):
        raise UsageError(
            f"--node {node}: a name has letters, digits and ._- only, at most 63 of them, and begins with one"
        )
    return run(
        DaemonOptions(
            listen=listen,
            database=database,
            data=data,
            log_format=log_format or ("text" if session.is_text else "json"),
            log_level=log_level,
            node=node,
        )
    )


def demo(
    session: Session,
    bad_errors: Annotated[
        str, typer.Option(metavar="SHARE", help="The share of the bad release's answers that fail.")
    ] = "5%",
    keep: Annotated[bool, typer.Option(help="Leave everything running at the end.")] = False,
    rate: Annotated[float, typer.Option(metavar="N", help="Requests a second.")] = 500.0,
    plain: Annotated[bool, typer.Option(help="Lines, even on a terminal.")] = False,
) -> int:
    """The whole story, on this machine.

    A good release goes out by itself, a bad one comes back by itself.
    """
    from rollway.config.percentages import parse_share
    from rollway.demo import Options, run

    try:
        share = parse_share(bad_errors)
    except ValueError as error:
        raise UsageError(f"--bad-errors {bad_errors}: {error}", advice="see rollway demo --help") from error
    try:
        options = Options(
            bad_errors=share,
            keep=keep,
            output="text" if session.is_text else "json",
            rate=rate,
            plain=plain,
        )
    except ValueError as error:
        raise UsageError(str(error), advice="see rollway demo --help") from error
    return run(options)
