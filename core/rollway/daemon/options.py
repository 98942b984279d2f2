"""How a daemon is started."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

DEFAULT_LISTEN = "127.0.0.1:7700"
DEFAULT_DATA = ".rollway"

LogFormat: TypeAlias = Literal["text", "json"]
LogLevel: TypeAlias = Literal["debug", "info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class DaemonOptions:
    """`listen` is host:port (port 0: a free one); `database` a URL, None for the SQLite file under `data`.

    `node` is what this machine is called among those of one database; None: its host's name.
    """

    listen: str = DEFAULT_LISTEN
    database: str | None = None
    data: Path = Path(DEFAULT_DATA)
    log_format: LogFormat = "text"
    log_level: LogLevel = "info"
    node: str | None = None
