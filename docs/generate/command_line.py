"""The page about the command line, from the typer application."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence

import typer

from docs.generate.markdown import code, page, sentence, table
from rollway.cli import exits
from rollway.cli.app import build
from rollway.cli.options import ROOT

INTRODUCTION = """
`rollway COMMAND --help` says the same for one command; `rollway --install-completion` teaches your shell to complete them. Text is for people: colour and the live view appear on a terminal
only. `-o json` is for scripts: one JSON document on standard output, nothing else there; messages go to standard error.

ENV is `prod`, of the application in `./deploy.yaml` or the only one that has it, or `shop/prod`; where several would fit, the
error lists them. ROLLOUT is a rollout's id; an ENV will do while exactly one of its rollouts has not ended.
"""

EXIT_CODES = """
## Exit codes

Commands that follow a rollout (`deploy`, `retry`, `rollback`, `watch`, `status --wait`) end by how it ended.
`rollback` ends with 0 when the release it went back to serves all traffic.
"""


def command_line() -> str:
    """The page."""
    group = typer.main.get_command(build())
    root = typer.Context(group, info_name="rollway")
    return page(
        "Command line",
        INTRODUCTION,
        "## Options of every command\n\nThey are taken before or after the command.",
        table(("option", "meaning"), _options(group, root, ROOT)),
        f"{EXIT_CODES}\n{_exit_codes()}",
        *(_command(group, root, name) for name in group.list_commands(root)),  # type: ignore[attr-defined]
    )


def _exit_codes() -> str:
    """The table in the docstring of the module that gives them."""
    rows = [line for line in (exits.__doc__ or "").splitlines() if line.startswith("|")]
    return "\n".join(["| code | meaning |", *rows[1:]])


def _command(group: object, root: typer.Context, name: str) -> str:
    command = group.get_command(root, name)  # type: ignore[attr-defined]
    context = typer.Context(command, info_name=name, parent=root)
    arguments = _arguments(command, context)
    usage = " ".join(("rollway", name, *(metavar for metavar, _ in arguments), "[OPTIONS]"))
    return "\n\n".join(
        part
        for part in (
            f"## {code(f'rollway {name}')}",
            f"```\n{usage}\n```",
            sentence(command.help or ""),
            table(("argument", "meaning"), [(code(metavar), meaning) for metavar, meaning in arguments]),
            table(("option", "meaning"), _options(command, context)),
        )
        if part
    )


def _arguments(command: object, context: typer.Context) -> Sequence[tuple[str, str]]:
    return [
        (record[0].partition(" <")[0], record[1].replace("[required]", "").strip())
        for kind, _, record in _records(command, context)
        if kind == "argument"
    ]


def _options(
    command: object, context: typer.Context, only: Container[str] | None = None
) -> Sequence[tuple[str, str]]:
    """The command's own options; with `only`, those of these names."""
    return [
        (code(record[0]), record[1].replace("[default: no-", "[default: --no-"))
        for kind, name, record in _records(command, context)
        if kind == "option" and (name in only if only is not None else name not in {*ROOT, "help"})
    ]


def _records(command: object, context: typer.Context) -> Iterator[tuple[str, str, tuple[str, str]]]:
    """Each parameter: argument or option, its name, and what its help says of it."""
    for each in command.get_params(context):  # type: ignore[attr-defined]
        record = each.get_help_record(context)
        if record is not None:
            yield each.param_type_name, each.name, record
