"""How a daemon is started."""

from dataclasses import dataclass
from pathlib import Path

DEFAULT_LISTEN = "127.0.0.1:7700"
DEFAULT_DATA = ".rollway"


@dataclass(frozen=True, slots=True)
class DaemonOptions:
    """`listen` is host:port (port 0: a free one); `database` a URL, None for the SQLite file under `data`."""

    listen: str = DEFAULT_LISTEN
    database: str | None = None
    data: Path = Path(DEFAULT_DATA)
    json_logs: bool = False
