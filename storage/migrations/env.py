"""Alembic's entry point: runs migrations on the connection of `storage.schema`."""

from alembic import context
from sqlmodel import SQLModel

import storage.tables  # noqa: F401 - fills the metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
)
context.run_migrations()
