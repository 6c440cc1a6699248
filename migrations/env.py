"""Alembic's entrance.  The connection comes from ``node.storage.migrate``; there is no ini file and no second way in."""

from alembic import context

from node.storage.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
