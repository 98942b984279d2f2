"""The entry point: answers `--version` at once, and lets no traceback of a user's mistake through."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Sequence

from rollway._version import __version__

ALLOCATIONS = 500_000
"""New objects before the garbage collector looks: starting makes many and no garbage, and pays a tenth for looking."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code. `arguments` default to those of the process."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words in (["--version"], ["version"]):
        sys.stdout.write(f"rollway {__version__}\n")
        return 0
    _tolerate_any_terminal()
    return _run(words)


def _run(words: list[str]) -> int:
    gc.set_threshold(ALLOCATIONS)
    from rollway.cli.app import build
    from rollway.cli.exits import explain
    from rollway.cli.output import ReaderLeft, nobody_reads
    from rollway.cli.words import refuse_empty

    try:
        refuse_empty(words)
        code = build()(words, prog_name="rollway", standalone_mode=False)
        sys.stdout.flush()
    except (BrokenPipeError, ReaderLeft):  # `rollway events | head`
        nobody_reads()
        return 0
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if os.environ.get("ROLLWAY_DEBUG") == "1":
            raise
        code, text = explain(error)
        with contextlib.suppress(BrokenPipeError):
            sys.stderr.write(text)
    return code if isinstance(code, int) else 0


def _tolerate_any_terminal() -> None:
    """A character that the terminal cannot show becomes a question mark, never an error."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
