"""Runs the migrations on the connection that `hamgam.db.schema` hands over."""

from alembic import context

from hamgam.db.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
