"""The commands, put together for typer."""

import typer

from rollway.cli.commands import controls, database, delivery, doctor, looking, offline, records, serving
from rollway.cli.options import Application, OutputOption, Server, Token, with_root_options
from rollway.cli.session import Session

START = """\
rollway delivers new versions a little at a time, watches real traffic, and takes bad ones back by itself.

See it work on this machine, in a minute and a half:

    rollway demo

Deliver something of your own, from a folder with a deploy.yaml (rollway schema says what may stand in it):

    rollway validate           check the file
    rollway daemon &           start what does the work
    rollway apply              tell it of your application
    rollway plan prod          see every step before it happens
    rollway deploy prod        go, and follow it live

    rollway --help             everything else
"""

COMMANDS = (
    offline.validate,
    looking.plan,
    serving.daemon,
    delivery.apply,
    delivery.deploy,
    looking.status,
    looking.get,
    looking.watch,
    looking.events,
    records.logs,
    records.list_,
    records.history,
    controls.pause,
    controls.resume,
    controls.promote,
    controls.abort,
    controls.retry,
    controls.rollback,
    database.db,
    offline.plugins,
    serving.demo,
    doctor.doctor,
    offline.schema,
    offline.version,
)


def build() -> typer.Typer:
    """The whole command line."""
    app = typer.Typer(
        help="Delivers new versions a little at a time and takes bad ones back by itself.",
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(_root)
    for command in COMMANDS:
        app.command(command.__name__.rstrip("_"))(with_root_options(command))
    return app


def _version(wanted: bool) -> None:
    if wanted:
        from rollway import __version__

        typer.echo(f"rollway {__version__}")
        raise typer.Exit


def _root(
    context: typer.Context,
    server: Server = None,
    token: Token = None,
    application: Application = None,
    output: OutputOption = None,
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Its version."),
) -> None:
    context.obj = Session(server, token, application, output)
    if context.invoked_subcommand is None:
        typer.echo(START, nl=False)
