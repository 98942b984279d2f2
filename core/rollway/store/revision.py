"""Which migration a database has come to, and the way to the newest. Alembic is imported only to go it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, column, inspect, select, table

from rollway.store.protocol import StoreUnavailable
from rollway.store.schema import REVISION

if TYPE_CHECKING:
    from alembic.config import Config

_MIGRATIONS = Path(__file__).parent / "migrations"


def stored_revision(connection: Connection) -> str | None:
    """Return the database's revision, None if it is empty; raise `StoreUnavailable` if it is somebody else's."""
    tables = inspect(connection).get_table_names()
    if not tables:
        return None
    if "alembic_version" in tables:
        revision = connection.scalar(select(column("version_num")).select_from(table("alembic_version")))
        if revision is not None:
            return str(revision)
    place = connection.engine.url.database
    raise StoreUnavailable(
        f"The database {place} holds something else than Rollway's data", "Give another path"
    )


def check_known(revision: str, place: str | None) -> None:
    """Raise `StoreUnavailable` for a revision that only a newer version of Rollway can have left."""
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    try:
        ScriptDirectory.from_config(configuration()).get_revision(revision)
    except CommandError:
        raise StoreUnavailable(
            f"The database {place} was written by a newer version of Rollway (its tables are at {revision}, "
            f"this version knows them up to {REVISION})",
            "Use that version again, or another database",
        ) from None


def upgrade(connection: Connection) -> None:
    """Create or migrate the tables within the transaction that is open."""
    from alembic.command import upgrade as alembic_upgrade

    config = configuration()
    config.attributes["connection"] = connection
    alembic_upgrade(config, "head")


def configuration() -> Config:
    """Return Alembic's settings, which are in no file: migrations run from the installed package."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
