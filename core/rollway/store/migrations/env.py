"""Alembic runs this; the connection comes from `rollway.store.revision.upgrade`, with its transaction open."""

from alembic import context

from rollway.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
