"""What instances need on this machine: that processes can be started, from where they are unpacked, by their commands."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel

from rollway.api import Finding, Grade, Node
from rollway_plugins.process.filling import inherited
from rollway_plugins.process.settings import ProcessSettings

STARTS_WITHIN = 5.0
"""Seconds in which the smallest program has begun and ended."""


async def check(node: Node, uses: Sequence[BaseModel]) -> Sequence[Finding]:
    """Start something, look where instances would run, and look for each command."""
    commands = [use.command[0] for use in uses if isinstance(use, ProcessSettings)]
    return await asyncio.to_thread(_look, node.folder, commands)


def _look(folder: Path, programs: Sequence[str]) -> Sequence[Finding]:
    path = inherited(os.environ, Path(sys.executable))["PATH"]
    found = [_starts(), _place(folder), *(_program(name, path) for name in dict.fromkeys(programs))]
    wrong = [each for each in found if each is not None]
    return wrong or [
        Finding("process", "starts processes" + (f"; they run in {folder}" if folder.exists() else ""))
    ]


def _starts() -> Finding | None:
    command = [sys.executable, "-I", "-S", "-c", ""]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=STARTS_WITHIN)
    except subprocess.TimeoutExpired:
        return Finding(
            "process",
            f"the smallest program does not end within {STARTS_WITHIN:g} s",
            Grade.WARNING,
            "the machine is too busy: see what runs on it (top)",
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = f"no process can be started: {getattr(error, 'strerror', None) or error}"
        return Finding(
            "process", said, Grade.PROBLEM, "look at ulimit -u, TasksMax= of the unit, and free memory"
        )
    return None


def _place(folder: Path) -> Finding | None:
    """Where artifacts are unpacked and run, once the daemon has made it."""
    there = next((each for each in (folder, *folder.parents) if each.exists()), None)
    with suppress(OSError):
        if there is not None and os.statvfs(there).f_flag & os.ST_NOEXEC:
            said = f"programs of an artifact cannot be run: {there} is mounted noexec"
            return Finding(
                "process", said, Grade.PROBLEM, "mount it otherwise, or give the daemon another --data"
            )
    if folder.exists() and not os.access(folder, os.W_OK | os.X_OK):
        said = f"{folder} may not be written"
        return Finding("process", said, Grade.PROBLEM, "give it to the user that runs the daemon")
    return None


def _program(name: str, path: str) -> Finding | None:
    """One that is named with a folder may lie in the artifact, unless it is named from the top."""
    if name.startswith("/"):
        known = os.access(name, os.X_OK)
    else:
        known = "/" in name or "{" in name or shutil.which(name, path=path) is not None
    if known:
        return None
    where = "" if name.startswith("/") else f" (looked in {path})"
    return Finding(
        "process",
        f"the command {name} is not found{where}",
        Grade.PROBLEM,
        "install it, or write its path; one in the artifact is written ./NAME",
    )
