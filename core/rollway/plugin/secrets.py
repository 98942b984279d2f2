"""Where the values of secrets come from: the daemon's environment, then a file; looked up each time they are used."""

import os
from dataclasses import dataclass
from pathlib import Path

from rollway.config.secrets import Secret
from rollway.errors import PluginError


@dataclass(frozen=True, slots=True)
class Secrets:
    """Reveals a secret; `folder` holds one file for each, its last line break left out."""

    folder: Path | None = None

    def __call__(self, secret: Secret) -> str:
        """The value. Raises PluginError that names the secret, never a value."""
        if secret.name in os.environ:
            return os.environ[secret.name]
        if self.folder is None:
            raise PluginError(
                f"the secret {secret.name} is not set; give it to the daemon as an environment variable"
            )
        path = self.folder / secret.name
        try:
            return path.read_text("utf-8").removesuffix("\n")
        except FileNotFoundError:
            raise PluginError(
                f"the secret {secret.name} is not known here; give the daemon an environment variable of that name, "
                f"or write it to {path}"
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise PluginError(f"the secret {secret.name} cannot be read from {path}: {error}") from None
