"""The one place where the unpacking of artifacts comes from."""

from pathlib import Path

from rollway.api import ArtifactError, PluginError
from rollway.api import unpack as unpack_artifact


def unpack(artifact: Path, folder: Path) -> None:
    """Unpack an artifact into a folder that is there whole or not at all. Raises PluginError."""
    try:
        unpack_artifact(artifact, folder)
    except ArtifactError as error:
        advice = f"; {error.advice}" if error.advice else ""
        raise PluginError(f"{error}{advice}") from error
