"""What every command gets: the root options, wherever they stood, and what they mean."""

from __future__ import annotations

import getpass
import os
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from rollway.cli.exits import UsageError

if TYPE_CHECKING:
    from rollway.client import Client

SERVER = "http://127.0.0.1:7700"


class Output(StrEnum):
    """For whom the output is."""

    TEXT = "text"
    JSON = "json"
    YAML = "yaml"


@dataclass(frozen=True, slots=True)
class Session:
    """The root options of one call; None where they were not given."""

    server: str | None = None
    token: str | None = None
    application: str | None = None
    output: Output | None = None

    def over(self, other: Session) -> Session:
        """These options, and the other's where these were not given."""
        return Session(
            self.server if self.server is not None else other.server,
            self.token if self.token is not None else other.token,
            self.application if self.application is not None else other.application,
            self.output if self.output is not None else other.output,
        )

    @property
    def is_text(self) -> bool:
        """Whether people read it."""
        return self.output in (None, Output.TEXT)

    def client(self) -> Client:
        """A client of the daemon. Raises UsageError for what is no address."""
        from rollway.client import Client
        from rollway.client.transport import TOKEN

        token = self.token or os.environ.get("ROLLWAY_TOKEN")
        if token and not TOKEN.fullmatch(token):
            raise UsageError(
                "the token is made of visible ASCII characters; --token or $ROLLWAY_TOKEN has others"
            )
        server, said = self.server, "--server"
        if server is None:
            server, said = os.environ.get("ROLLWAY_SERVER") or SERVER, "$ROLLWAY_SERVER"
        try:
            return Client(server, token, os_user())
        except Exception as error:  # httpx has several for a malformed address
            raise UsageError(f"{said} {server} is no address", advice="write http://HOST:PORT") from error


def os_user() -> str:
    """Who calls, as this machine knows them; not verified by anybody."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
    return re.sub(r"[^A-Za-z0-9._@+-]", "-", name)[:64].lstrip("._@+-") or "unknown"
