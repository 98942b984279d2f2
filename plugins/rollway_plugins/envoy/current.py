"""Which Envoy serves a folder now, on record for the next daemon."""

import contextlib
from dataclasses import asdict
from pathlib import Path

from rollway.api import PluginError
from rollway_plugins.envoy import files
from rollway_plugins.envoy.admin import Admin
from rollway_plugins.envoy.ending import alive
from rollway_plugins.envoy.identity import Identity


class Current:
    """The Envoy that counts. `identity` is None until one was adopted or started."""

    def __init__(self, folder: Path) -> None:
        self.identity: Identity | None = None
        self._path = folder / "process.json"
        self._admins: dict[str, Admin] = {}

    @property
    def running(self) -> bool:
        """Whether it runs now; one started by an earlier daemon is known by its record."""
        if self.identity is None:
            self.identity = self.recorded()
        return self.identity is not None and alive(self.identity)

    @property
    def admin(self) -> Admin:
        """Its admin. Raises PluginError where there is no Envoy."""
        if self.identity is None:
            raise PluginError("Envoy has not been started")
        socket = self.identity.admin
        if socket not in self._admins:
            self._admins[socket] = Admin(Path(socket))
        return self._admins[socket]

    def become(self, identity: Identity) -> None:
        """It is this one from now on."""
        self.identity = identity
        with contextlib.suppress(PluginError):  # on a full disk; it is found without its record as well
            files.save(self._path, asdict(identity))

    def recorded(self) -> Identity | None:
        """The one on record, if it lives."""
        with contextlib.suppress(PluginError, TypeError):
            recorded = files.load(self._path)
            identity = Identity(**recorded) if recorded else None  # type: ignore[arg-type]
            return identity if identity and identity.alive else None
        return None

    async def close(self) -> None:
        """Let go of its admin."""
        for admin in self._admins.values():
            await admin.close()
        self._admins = {}

    def forget(self) -> None:
        """It has ended for good."""
        self.identity = None
        self._path.unlink(missing_ok=True)
