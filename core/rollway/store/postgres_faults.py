"""What PostgreSQL's errors mean to whoever runs a daemon on it."""

import re
from collections.abc import Mapping
from typing import Final

import psycopg

from rollway.store.postgres_connection import Place, SilentServer
from rollway.store.protocol import StoreUnavailable

_LATER = "It is used again by itself once the server is back"
_BUSY = "See what keeps it busy (SELECT * FROM pg_stat_activity)"

READ_ONLY: Final = (
    "it is read-only, as a standby is",
    "Name the primary; with several hosts add target_session_attrs=read-write to the URL",
)

# Codes of https://www.postgresql.org/docs/current/errcodes-appendix.html; the longest that fits counts.
_BY_CODE: Final[Mapping[str, tuple[str, str]]] = {
    "08": ("the connection was lost", _LATER),
    "25006": READ_ONLY,
    "25P03": ("the daemon was away for too long in the middle of a write", "It is tried again by itself"),
    "28": ("it does not let this user in", "Check user, password and the server's pg_hba.conf"),
    "3D000": ("there is no such database", "Create it: createdb --encoding UTF8 NAME"),
    "3F000": ("its schema is gone", "Put a backup in its place"),
    "42501": (
        "this user may not do that there",
        "Let it own the database: ALTER DATABASE NAME OWNER TO USER",
    ),
    "42P01": ("its tables are gone", "Put a backup in its place"),
    "42703": ("its tables are not as they should be", "Put a backup in its place"),
    "53100": ("the server's disk is full", "Free some space there; what was not written can be tried again"),
    "53200": ("the server's memory is exhausted", "Free some there"),
    "53300": (
        "the server has no connection left",
        "Raise its max_connections, or end what holds them (a daemon needs 7)",
    ),
    "55P03": ("somebody holds a lock there", _BUSY),
    "57014": ("it does not answer in time", _BUSY),
    "57P": ("the server is stopping, or starting", _LATER),
    "58": ("the server's disk reports an error", "Look at its log"),
    "XX": ("its data are damaged", "Look at the server's log; put a backup in its place"),
}

# While a connection is being made the server's error comes as text only.
_BY_TEXT: Final[Mapping[str, str]] = {
    r"too many (clients|connections)|remaining connection slots": "53300",
    r"authentication failed|no password supplied|no pg_hba\.conf entry|is not permitted to log in": "28",
    r"role .* does not exist": "28",
    r"database .* does not exist": "3D000",
    r"permission denied for database": "42501",
    r"is starting up|is shutting down|in recovery mode|not yet accepting connections": "57P",
    r"session is (not )?read-(only|write)|server is (not )?in hot standby": "25006",
}
_UNREACHABLE: Final[Mapping[str, tuple[str, str]]] = {
    r"Connection refused|No such file or directory": (
        "nobody listens there",
        f"See that PostgreSQL runs and that host and port are right. {_LATER}",
    ),
    r"timeout|timed out": ("it does not answer", f"See that it can be reached from here. {_LATER}"),
    r"resolve|Name or service not known": ("no host has that name", "Check the host in the URL"),
    r"SSL|certificate": ("no secure connection can be made", "Check sslmode and certificates in the URL"),
}
_ENDED: Final = re.compile(r"08...|57P..|25P03")
_LOST: Final = re.compile(
    r"lost|closed|consuming input failed|sending query|reset by peer|Broken pipe", re.IGNORECASE
)
_SESSION_OVER = ("the connection was lost", _LATER)


def has_ended(error: psycopg.Error) -> bool:
    """Say whether the session is over with this error, by the server's doing or ours."""
    return isinstance(error, SilentServer) or _ENDED.fullmatch(error.sqlstate or "") is not None


def explained_fault(error: BaseException | None, place: Place) -> StoreUnavailable | None:
    """Say what is wrong with the database; None if the fault lies in what was asked of it."""
    if isinstance(error, SilentServer):
        return unusable(place, ("it does not answer", _LATER))
    if not isinstance(error, psycopg.Error):
        return None
    if error.sqlstate is not None:
        return _of_code(error, error.sqlstate, place)
    if isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)):
        return unusable(place, _of_text(str(error), place))
    return None


def _of_code(error: psycopg.Error, code: str, place: Place) -> StoreUnavailable | None:
    for length in (5, 3, 2):
        if code[:length] in _BY_CODE:
            return unusable(place, _BY_CODE[code[:length]])
    if isinstance(error, (psycopg.OperationalError, psycopg.InternalError)):
        return unusable(place, (_first_line(str(error), place), "Look at the server's log"))
    return None


def _of_text(text: str, place: Place) -> tuple[str, str]:
    for pattern, code in _BY_TEXT.items():
        if re.search(pattern, text):
            return _BY_CODE[code]
    if _LOST.search(text) and "failed:" not in text.partition("consuming input")[0]:
        return _SESSION_OVER
    for pattern, said in _UNREACHABLE.items():
        if re.search(pattern, text):
            return said
    return _first_line(text, place), _LATER


def _first_line(text: str, place: Place) -> str:
    line = text.strip().partition("\n")[0]
    return line.replace(place.password, "***") if place.password else line


def unusable(place: Place, said: tuple[str, str]) -> StoreUnavailable:
    """Put the problem and the advice together."""
    problem, advice = said
    return StoreUnavailable(f"the database {place.name} cannot be used: {problem}", advice)
