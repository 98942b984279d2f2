"""Root options before or after the command: each command declares them too, what stands nearer wins."""

import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

import typer

from rollway.cli.output import ReaderLeft
from rollway.cli.session import Output, Session

Server = Annotated[
    str | None,
    typer.Option("--server", metavar="URL", help="The daemon; $ROLLWAY_SERVER, or http://127.0.0.1:7700."),
]
Token = Annotated[
    str | None, typer.Option("--token", metavar="T", help="Sent to the daemon as bearer token.")
]
Application = Annotated[
    str | None, typer.Option("--application", metavar="NAME", help="The application an ENV belongs to.")
]
OutputOption = Annotated[
    Output | None,
    typer.Option(
        "--output", "-o", help="For people, or one document on standard output.", case_sensitive=False
    ),
]

ROOT: Final[Mapping[str, Any]] = {
    "server": Server,
    "token": Token,
    "application": Application,
    "output": OutputOption,
}

Command = Callable[..., int | None]


def with_root_options(run: Command) -> Command:
    """A command for typer: `run(session, ...)` gets its session of the options before and after its name."""
    own = [each for each in inspect.signature(run).parameters.values() if each.name != "session"]
    context = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for name, annotation in ROOT.items()
    ]
    parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own]

    def command(**given: Any) -> None:
        before = given.pop("context").obj
        nearer = Session(**{name: given.pop(name) for name in ROOT})
        session = nearer.over(before if isinstance(before, Session) else Session())
        try:
            code = run(session, **given)
            sys.stdout.flush()
        except BrokenPipeError as error:  # typer would end with 1, which is for what went wrong
            raise ReaderLeft from error
        raise typer.Exit(code or 0)

    command.__name__, command.__doc__ = run.__name__, run.__doc__
    command.__signature__ = inspect.Signature([context, *parameters, *added])  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in (context, *own, *added)}
    return command
