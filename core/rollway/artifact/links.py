"""Symbolic links: kept where they stay inside their artifact, refused where they leave it."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from rollway.errors import UnsafeArtifactError


def check_target(name: str, target: str) -> None:
    """Refuse what leaves by the letter of its text; `check_resolved` finds what leaves through other links."""
    if not target or "\0" in target or PurePosixPath(target).is_absolute():
        raise UnsafeArtifactError(
            f"the link {name!r} leads out of the artifact, to {target!r}; links must be relative"
        )
    depth = len(PurePosixPath(name).parts) - 1
    for part in PurePosixPath(target).parts:
        depth += -1 if part == ".." else 1
        if depth < 0:
            raise UnsafeArtifactError(f"the link {name!r} leads out of the artifact, to {target!r}")


def check_resolved(root: Path, name: str) -> None:
    """Refuse a link that, followed on disk, ends outside of `root` (which is real); a dangling one may stay."""
    resolved = Path(os.path.realpath(root / name))
    if resolved != root and root not in resolved.parents:
        raise UnsafeArtifactError(f"the link {name!r} leads out of the artifact through other links")
