"""What differs from release to release, read from `shop.json` beside this file."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """`faults` is the share of answers, 0 to 1, that fail: 0 in a good release."""

    release: str
    headline: str
    accent: str
    faults: float


def load(file: Path) -> Settings:
    """The settings of this release; its name comes from ROLLWAY_RELEASE. Raises OSError, ValueError, KeyError."""
    written = json.loads(file.read_text(encoding="utf-8"))
    faults = float(written["faults"])
    if not 0 <= faults <= 1:
        raise ValueError(f"{file.name}: faults: a share from 0 to 1, not {faults:g}")
    release = os.environ.get("ROLLWAY_RELEASE", "dev")
    return Settings(release, str(written["headline"]), str(written["accent"]), faults)
