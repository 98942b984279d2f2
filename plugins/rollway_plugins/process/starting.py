"""Starting one instance: recorded first, then started, then its process recorded. Everything here blocks."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from secrets import token_hex as new_word

from rollway.api import Address, Group, PluginError, Secret, Token
from rollway_plugins.process import kernel
from rollway_plugins.process.filling import environment, fill, inherited, values
from rollway_plugins.process.ports import Ports
from rollway_plugins.process.records import Life, Record, Records
from rollway_plugins.process.settings import ProcessSettings
from rollway_plugins.process.spawning import spawn, trouble
from rollway_plugins.process.tokens import Tokens

HOST = "127.0.0.1"


class Starter:
    """Starts instances on one node."""

    def __init__(
        self, records: Records, tokens: Tokens, ports: Ports, secrets: Callable[[Secret], str]
    ) -> None:
        self._records = records
        self._tokens = tokens
        self._ports = ports
        self._secrets = secrets

    def start(
        self, group: Group, settings: ProcessSettings, instance: str, release: Path, token: Token
    ) -> tuple[Record, Life]:
        """Record the instance and start it; one that cannot be executed is dead from the start and says why.

        Raises PluginError where a secret is missing or no port is free, StaleToken, and OSError where it cannot be
        recorded; then it is not known and nothing was started.
        """
        address = Address(HOST, self._ports.take())
        try:
            record = self._compose(group, settings, instance, release, address)
            variables = self._environment(record)
            with self._tokens.held(group.place, token):
                self._record(record)
                return record, self._execute(record, release, variables)
        except BaseException:
            self._ports.give_back(address.port)
            raise

    def _compose(
        self, group: Group, settings: ProcessSettings, instance: str, release: Path, address: Address
    ) -> Record:
        known = values(group, instance, address)
        return Record(
            id=instance,
            start=new_word(8),
            group=replace(group, settings={}),  # they stand beside, checked
            settings=settings,
            address=address,
            command=tuple(fill(word, known) for word in settings.command),
            directory=str(release / settings.directory),
            log=str(self._records.folder(instance) / "output.log"),
            boot=kernel.boot_id(),
        )

    def _environment(self, record: Record) -> dict[str, str]:
        known = values(record.group, record.id, record.address)
        base = inherited(os.environ, Path(sys.executable))
        return environment(record.settings, record.group, known, record.start, base, self._secrets)

    def _record(self, record: Record) -> None:
        try:
            self._records.claim(record.id)
        except FileExistsError:
            raise PluginError(
                f"instance {record.id} is known to another daemon that uses this folder"
            ) from None
        try:
            self._records.write(record)
        except BaseException:
            self._records.discard(record.id)
            raise

    def _execute(self, record: Record, release: Path, variables: dict[str, str]) -> Life:
        directory = Path(record.directory)
        try:
            if not directory.resolve().is_relative_to(release.resolve()):
                return self._keep(
                    record, Life(ended=f"{record.settings.directory} leads out of the artifact")
                )
            pid = spawn(record.command, directory, variables, Path(record.log))
        except (OSError, ValueError) as error:
            return self._keep(
                record, Life(ended=trouble(error, record.command, directory, variables["PATH"]))
            )
        return self._keep(record, Life(kernel.identify(pid)))

    def _keep(self, record: Record, life: Life) -> Life:
        """What cannot be written here is found again by the instance's id in its environment."""
        with suppress(OSError):
            self._records.write_life(record.id, life)
        return life
