"""How PostgreSQL is reached, and that nobody waits for it for ever."""

import asyncio
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.types.string import StrDumper

from rollway.store.protocol import StoreUnavailable

CONNECT_S: Final = 3
STATEMENT_S: Final = 5
"""Seconds after which the server gives a statement up."""
IDLE_S: Final = 2
"""Seconds after which the server ends a session that holds locks and says nothing: a frozen daemon keeps nobody waiting."""

EXAMPLE: Final = "Give one like postgresql://rollway@127.0.0.1/rollway"

_DEFAULTS: Final[Mapping[str, str | int]] = {
    "connect_timeout": CONNECT_S,
    "application_name": "rollway",
    # a server that was cut off is noticed although nothing is asked of it
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
_SETTINGS: Final = (
    f"SET statement_timeout = '{STATEMENT_S}s'; SET lock_timeout = 0;"
    f"SET idle_in_transaction_session_timeout = '{IDLE_S}s';"
    # stricter settings than "on" are left as they are
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')"
)

T = TypeVar("T")


class SilentServer(psycopg.OperationalError):
    """The server did not answer in time; the connection has been cut."""


class Connection(psycopg.AsyncConnection[Any]):
    """A connection that is cut when an answer does not come.

    The server's own limits do not help where it is frozen or out of reach, and psycopg waits: for the answer, and
    when cancelled for the server to cancel. Whoever waits on a socket that is shut down gets an error at once.
    """

    limit: float | None = STATEMENT_S + 1.0

    async def wait(self, *arguments: Any, **named: Any) -> Any:
        """Wait for an answer. Raises SilentServer."""
        if self.limit is None:
            return await super().wait(*arguments, **named)
        cut = _Cut(self.pgconn.socket)
        late = asyncio.get_running_loop().call_later(self.limit, cut)
        try:
            return await super().wait(*arguments, **named)
        except psycopg.Error as error:
            if cut.done:
                raise SilentServer(f"no answer within {self.limit:g} s") from error
            raise
        finally:
            late.cancel()


class _Cut:
    """Shuts a connection's socket down, whoever waits for it."""

    def __init__(self, number: int) -> None:
        self._number = number
        self.done = False

    def __call__(self) -> None:
        self.done = True
        with suppress(OSError), socket.socket(fileno=os.dup(self._number)) as same:
            same.shutdown(socket.SHUT_RDWR)


class _Unfindable(StrDumper):
    """PostgreSQL takes no NUL, not even to look for it; nothing that can be stored is called like this instead."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\0", "\ufffd"))


class Place:
    """One database, by a URL in any form that libpq takes. Raises `StoreUnavailable` for what is none."""

    def __init__(self, url: str) -> None:
        try:
            self.given = conninfo_to_dict(url)
        except (psycopg.Error, UnicodeError):  # not shown: it may hold the password
            raise StoreUnavailable("This is not the URL of a PostgreSQL database", EXAMPLE) from None
        self.name = f"{self._database()} at {self._hosts()}".strip()
        self.password = str(self.given.get("password") or "")

    def _database(self) -> object:
        return self.given.get("dbname") or self.given.get("user") or os.environ.get("PGDATABASE", "")

    def _hosts(self) -> str:
        hosts = str(self.given.get("host") or os.environ.get("PGHOST") or "the local socket").split(",")
        ports = str(self.given.get("port") or "").split(",")
        each = zip(hosts, ports * (len(hosts) if len(ports) == 1 else 1), strict=False)
        return ", ".join(f"{host}:{port}" if port else host for host, port in each)

    async def writing(self) -> Connection:
        """Connect to write; commits are durable when they return."""
        return await self.connect(_SETTINGS)

    async def reading(self) -> Connection:
        """Connect to read only."""
        connection = await self.connect(f"SET default_transaction_read_only = on; {_SETTINGS}")
        connection.adapters.register_dumper(str, _Unfindable)
        return connection

    async def connect(self, settings: str) -> Connection:
        """Connect, with these settings for the session. Raises psycopg's errors, `StoreUnavailable` for what is in the URL."""
        try:
            return await self._connect(settings)
        except (psycopg.ProgrammingError, UnicodeError) as error:
            raise StoreUnavailable(f"the database {self.name} cannot be used: {error}", EXAMPLE) from error

    async def _connect(self, settings: str) -> Connection:
        given = make_conninfo("", **{**_DEFAULTS, **self.given, "client_encoding": "utf8"})
        connection = await Connection.connect(given, autocommit=True)
        try:
            await connection.execute(settings)
            await connection.set_autocommit(False)
        except BaseException:
            await connection.close()
            raise
        return connection
