"""The source revision of a folder, as git tells it."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from rollway.artifact.folder import ALWAYS_LEFT_OUT

_SECONDS = 30.0
_ELSEWHERE = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"}


@dataclass(frozen=True, slots=True)
class SourceRevision:
    """The commit a folder stands at; `dirty` where tracked files differ or files not ignored are untracked."""

    short: str
    full: str
    dirty: bool


def source_revision(folder: Path) -> SourceRevision | None:
    """What git says of a folder; None without git, outside a repository, or before its first commit.

    What is never packed (`.venv`, `.rollway`) makes no tree unclean. Blocks for at most a minute.
    """
    full = _git(folder, "rev-parse", "--verify", "HEAD")
    short = _git(folder, "rev-parse", "--short", "HEAD")
    excluded = [f":(top,exclude,glob)**/{name}/**" for name in sorted(ALWAYS_LEFT_OUT)]
    status = _git(folder, "status", "--porcelain", "--", ":(top)", *excluded)
    if not full or not short or status is None:
        return None
    return SourceRevision(short, full, bool(status))


def _git(folder: Path, *words: str) -> str | None:
    # in a git hook these point at another repository; fsmonitor would run a program the repository names
    environ = {key: value for key, value in os.environ.items() if key not in _ELSEWHERE}
    environ |= {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
    command = ["git", "-C", str(folder), "-c", "core.fsmonitor=false", *words]
    try:
        done = subprocess.run(
            command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace").strip()
