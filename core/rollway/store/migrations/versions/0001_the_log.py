"""The log, its summaries, and what is kept beside it."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

Name = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Count = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the first tables."""
    _create_the_log()
    _create_what_is_measured()
    _create_what_is_delivered()
    _create_what_is_keyed()


def _create_the_log() -> None:
    op.create_table(
        "events",
        sa.Column("stream", Name, nullable=False),
        sa.Column("seq", Count, nullable=False, autoincrement=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("v", Count, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("stream", "seq", name="pk_events"),
    )
    op.create_table(
        "streams",
        sa.Column("stream", Name, nullable=False),
        sa.Column("head", Count, nullable=False),
        sa.PrimaryKeyConstraint("stream", name="pk_streams"),
    )
    op.create_table(
        "summaries",
        sa.Column("stream", Name, nullable=False),
        sa.Column("kind", Name, nullable=False),
        sa.Column("application", Name, nullable=False),
        sa.Column("environment", Name, nullable=False),
        sa.Column("phase", Name, nullable=False),
        sa.Column("weight", Count, nullable=False),
        sa.Column("release", sa.Text),
        sa.Column("node", sa.Text),
        sa.Column("updated", sa.Double, nullable=False),
        sa.Column("ended", sa.Boolean, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("stream", name="pk_summaries"),
    )
    op.create_index(
        "ix_summaries_of_environment", "summaries", ["kind", "application", "environment", "stream"]
    )
    op.create_index("ix_summaries_ended", "summaries", ["kind", "ended", "stream"])
    op.create_table(
        "epochs",
        sa.Column("environment", Name, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("environment", name="pk_epochs"),
    )


def _create_what_is_measured() -> None:
    op.create_table(
        "measurements",
        sa.Column("rollout", Name, nullable=False),
        sa.Column("monitor", Name, nullable=False),
        sa.Column("window", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("samples", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("rollout", "monitor", "window", name="pk_measurements"),
    )
    op.create_index("ix_measurements_window", "measurements", ["window"])


def _create_what_is_delivered() -> None:
    op.create_table(
        "applications",
        sa.Column("name", Name, nullable=False),
        sa.Column("revision", Count, nullable=False, autoincrement=False),
        sa.Column("settings", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("name", "revision", name="pk_applications"),
    )
    op.create_table(
        "releases",
        sa.Column("application", Name, nullable=False),
        sa.Column("name", Name, nullable=False),
        sa.Column("number", Count, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("artifact", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("settings", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("application", "name", name="pk_releases"),
        sa.UniqueConstraint("application", "number", name="uq_releases_number"),
    )


def _create_what_is_keyed() -> None:
    op.create_table(
        "remembered",
        sa.Column("key", Name, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("response", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_remembered"),
    )
    op.create_index("ix_remembered_at", "remembered", ["at"])
    op.create_table(
        "keyed_values",
        sa.Column("key", Name, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_keyed_values"),
    )
