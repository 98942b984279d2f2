"""Commands that need no daemon: validate, schema, plugins, version."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rollway.cli.exits import Exit, UsageError
from rollway.cli.local import FILE
from rollway.cli.output import console, emit, say
from rollway.cli.session import Session
from rollway.errors import ConfigurationError

if TYPE_CHECKING:
    from pydantic import JsonValue

    from rollway.errors import Problem, Refusal

File = Annotated[Path, typer.Option("--file", "-f", help="The file to read.")]


def validate(session: Session, file: File = FILE) -> int | None:
    """Check a deploy.yaml, offline. Every problem is told at once, with its line."""
    from rollway.cli.local import loaded

    try:
        deployment = loaded(file)
        problems: tuple[Problem, ...] = ()
        refusals, warnings = deployment.refusals, deployment.warnings
    except ConfigurationError as error:
        problems, refusals, warnings = error.problems, error.refusals, ()
    if not session.is_text:
        valid = not problems and not refusals
        told: dict[str, JsonValue] = {"file": str(file), "valid": valid}
        lists: dict[str, Sequence[Problem | Refusal]] = {
            "problems": problems,
            "refusals": refusals,
            "warnings": warnings,
        }
        emit(session, told | {name: [_item(each) for each in found] for name, found in lists.items()})
        return None if valid else Exit.USAGE
    for warning in warnings:
        say(f"warning: {warning}")
    if problems or refusals:
        raise _counted(ConfigurationError(problems, refusals), file)
    typer.echo(f"{file}: OK")
    return None


def _counted(error: ConfigurationError, file: Path) -> ConfigurationError:
    """How much there is to mend in the file; nothing where it cannot be read at all."""
    found: tuple[Problem | Refusal, ...] = (*error.problems, *error.refusals)
    count = sum(each.line is not None for each in found)
    if count:
        again = "rollway validate" if file == FILE else f"rollway validate -f {shlex.quote(str(file))}"
        error.advice = f"{count} {'thing' if count == 1 else 'things'} to mend, then: {again}"
    return error


def _item(each: "Problem | Refusal") -> "JsonValue":
    from dataclasses import asdict

    item: JsonValue = asdict(each)
    return item


def schema(session: Session) -> None:
    """The JSON Schema of deploy.yaml. It has the settings of the plugins that are loaded."""
    from rollway.config.schema import json_schema
    from rollway.plugin.loading import load

    emit(session, json_schema(load()))


def plugins(
    session: Session,
    action: Annotated[str, typer.Argument(metavar="[list]", help="What to do; list.")] = "list",
) -> None:
    """What is loaded, and what is not and why."""
    if action in ("new", "test"):
        raise UsageError(f"`rollway plugins {action}` is not built yet")
    if action != "list":
        raise UsageError(f"`rollway plugins` does not know {action!r}", advice="write: rollway plugins list")
    from rollway.engine.catalogue import plugin_views
    from rollway.http.projection import plugin
    from rollway.plugin.loading import load

    documents = [plugin(view) for view in plugin_views(load())]
    if not session.is_text:
        emit(session, documents)
        return
    from rollway.cli.tables import plugins as shown

    console().print(shown(documents))


def version(session: Session) -> None:
    """The version of Rollway."""
    from rollway import __version__

    if session.is_text:
        typer.echo(f"rollway {__version__}")
    else:
        emit(session, {"version": __version__})
