"""Which migration a database has come to, and the way to the newest. Alembic is imported only to go it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, column, inspect, select, table

from rollway.store.protocol import StoreUnavailable
from rollway.store.rows import Row, decode, encode
from rollway.store.schema import COMPATIBLE_FROM, REVISION, keyed_values

if TYPE_CHECKING:
    from alembic.config import Config

_COMPATIBLE_KEY = "schema/compatible-from"
_MIGRATIONS = Path(__file__).parent / "migrations"


def is_to_be_upgraded(connection: Connection, place: str) -> bool:
    """Say whether there are migrations to be made.

    False also for a database that a newer version has migrated such that this one may write to it as well.
    Raises `StoreUnavailable` if it is somebody else's, or of a newer version that this one would harm.
    """
    revision = stored_revision(connection, place)
    if revision is None or revision == REVISION:
        return revision is None
    if revision in known_revisions():
        return True
    if (compatible_from(connection) or revision) > REVISION:
        raise StoreUnavailable(
            f"The database {place} was written by a newer version of Rollway (its tables are at {revision}, "
            f"this version knows them up to {REVISION})",
            "Use that version again, or another database",
        )
    return False


def stored_revision(connection: Connection, place: str) -> str | None:
    """Return the database's revision, None if it is empty; raise `StoreUnavailable` if it is somebody else's."""
    tables = inspect(connection).get_table_names()
    if not tables:
        return None
    if "alembic_version" in tables:
        revision = connection.scalar(select(column("version_num")).select_from(table("alembic_version")))
        if revision is not None:
            return str(revision)
    raise StoreUnavailable(
        f"The database {place} holds something else than Rollway's data", "Give another one"
    )


def known_revisions() -> frozenset[str]:
    """Return every revision that this version can migrate from."""
    from alembic.script import ScriptDirectory

    return frozenset(each.revision for each in ScriptDirectory.from_config(configuration()).walk_revisions())


def compatible_from(connection: Connection) -> str | None:
    """Return the oldest revision whose code may write to this database; None where that was never said."""
    query = select(keyed_values.c.value).where(keyed_values.c.key == _COMPATIBLE_KEY)
    stored = connection.scalar(query)
    return None if stored is None else str(decode(stored))


def upgrade(connection: Connection) -> None:
    """Create or migrate the tables within the transaction that is open."""
    from alembic.command import upgrade as alembic_upgrade

    config = configuration()
    config.attributes["connection"] = connection
    alembic_upgrade(config, "head")
    connection.execute(keyed_values.delete().where(keyed_values.c.key == _COMPATIBLE_KEY))
    said: Row = {"key": _COMPATIBLE_KEY, "value": encode(COMPATIBLE_FROM)}
    connection.execute(keyed_values.insert(), [said])


def configuration() -> Config:
    """Return Alembic's settings, which are in no file: migrations run from the installed package."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
