"""The tables as they are now. A change here needs a migration beside it, and `REVISION` named after that.

JSON is text written by `rows.encode`: portable, and given back exactly as it came in.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

REVISION = "0002"
"""The migration that leads to these tables. Kept here so that a start need not import Alembic to compare."""

COMPATIBLE_FROM = "0002"
"""The oldest revision whose code may go on writing to these tables, beside this version's or after it.

Stays behind where a migration only adds what older code need not know: tables, and columns that may be left out.
"""

Name = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that is sorted by code points, whatever language the database speaks."""

Count = BigInteger().with_variant(Integer(), "sqlite")
"""An integer of 64 bits; SQLite's are whatever they are called."""

metadata = MetaData(naming_convention={"pk": "pk_%(table_name)s"})

events = Table(
    "events",
    metadata,
    Column("stream", Name, primary_key=True),
    Column("seq", Count, primary_key=True, autoincrement=False),
    Column("type", Text, nullable=False),
    Column("v", Count, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("data", Text, nullable=False),
)

streams = Table(
    "streams",
    metadata,
    Column("stream", Name, primary_key=True),
    Column("head", Count, nullable=False),
)

summaries = Table(
    "summaries",
    metadata,
    Column("stream", Name, primary_key=True),
    Column("kind", Name, nullable=False),
    Column("application", Name, nullable=False),
    Column("environment", Name, nullable=False),
    Column("phase", Name, nullable=False),
    Column("weight", Count, nullable=False),
    Column("release", Text),
    Column("node", Text),
    Column("updated", Double, nullable=False),
    Column("ended", Boolean, nullable=False),
    Column("facts", Text, nullable=False),
    Index("ix_summaries_of_environment", "kind", "application", "environment", "stream"),
    Index("ix_summaries_ended", "kind", "ended", "stream"),
)

epochs = Table(
    "epochs",
    metadata,
    Column("environment", Name, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("owner", Text, nullable=False),
)

members = Table(
    "members",
    metadata,
    Column("id", Name, primary_key=True),
    Column("node", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("beat", BigInteger, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("lease", Name, primary_key=True),
    Column("member", Text, nullable=False),
)

measurements = Table(
    "measurements",
    metadata,
    Column("rollout", Name, primary_key=True),
    Column("monitor", Name, primary_key=True),
    Column("window", BigInteger, primary_key=True, autoincrement=False),
    Column("samples", Text, nullable=False),
    Index("ix_measurements_window", "window"),
)

applications = Table(
    "applications",
    metadata,
    Column("name", Name, primary_key=True),
    Column("revision", Count, primary_key=True, autoincrement=False),
    Column("settings", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Double, nullable=False),
)

releases = Table(
    "releases",
    metadata,
    Column("application", Name, primary_key=True),
    Column("name", Name, primary_key=True),
    # counts the application's releases: an order that no clock can disturb
    Column("number", Count, nullable=False),
    Column("digest", Text, nullable=False),
    Column("artifact", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("settings", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Double, nullable=False),
    UniqueConstraint("application", "number", name="uq_releases_number"),
)

remembered = Table(
    "remembered",
    metadata,
    Column("key", Name, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("response", Text, nullable=False),
    Column("at", Double, nullable=False),
    Index("ix_remembered_at", "at"),
)

# "values" is a reserved word of SQL
keyed_values = Table(
    "keyed_values",
    metadata,
    Column("key", Name, primary_key=True),
    Column("value", Text, nullable=False),
)
