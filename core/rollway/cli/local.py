"""The deploy.yaml of this folder: read whole where it decides, or only for its names."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rollway.cli.output import say
from rollway.errors import ConfigurationError

if TYPE_CHECKING:
    from rollway.config import Deployment

FILE = Path("deploy.yaml")


@dataclass(frozen=True, slots=True)
class Names:
    """The application of a file and its environments."""

    application: str
    environments: tuple[str, ...]


def names(file: Path = FILE) -> Names | None:
    """What the file is about; None where there is none, or it is broken: a rollback must not wait for its repair."""
    from rollway.config.reader import read

    try:
        document, _, _ = read(file)
    except ConfigurationError:
        return None
    if not isinstance(document, dict) or not isinstance(application := document.get("application"), str):
        return None
    environments = document.get("environments")
    return Names(application, tuple(environments) if isinstance(environments, dict) else ())


def loaded(file: Path = FILE) -> Deployment:
    """The file, valid. Raises ConfigurationError with all its problems. What is not built yet does not raise."""
    from rollway.config import load
    from rollway.plugin.loading import load as load_plugins

    return load(file, os.environ, load_plugins())


def ready(file: Path = FILE) -> Deployment:
    """The file, valid and carried out by this version; its warnings are said. Raises ConfigurationError."""
    from rollway.config import refuse_unbuilt

    deployment = loaded(file)
    for warning in deployment.warnings:
        say(f"warning: {warning}")
    refuse_unbuilt(deployment)
    return deployment
