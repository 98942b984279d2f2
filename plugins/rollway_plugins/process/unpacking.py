"""The one place where the unpacking of artifacts comes from."""

import tarfile
from pathlib import Path

from rollway.api import PluginError


def unpack(artifact: Path, folder: Path) -> None:
    """Unpack a tar into a folder; nothing in it may reach outside. Raises PluginError."""
    try:
        with tarfile.open(artifact) as tar:
            tar.extractall(folder, filter="data")
    except tarfile.TarError as error:
        raise PluginError(f"the artifact {artifact} cannot be unpacked: {error}") from error
