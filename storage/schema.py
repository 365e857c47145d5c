"""Bringing the database to the newest schema, through Alembic's migrations."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from storage.engine import StorageUnavailable, _translated

# A number that no other program takes: half of the first 64 bits of SHA-256 of
# "apikeys: migrations".
_LOCK = 0x3A1416883409298C
_MIGRATIONS = Path(__file__).parent / "migrations"


class SchemaAhead(Exception):
    """The database was made by a newer version of this program."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def upgrade(engine: Engine) -> None:
    """Runs every migration that the database has not had yet, in one transaction.

    However many programs start at once, one of them migrates.

    Raises:
        StorageUnavailable: if the database cannot be reached.
        SchemaAhead: if the database was made by a newer version of this program.
    """
    config = _config()
    scripts = ScriptDirectory.from_config(config)
    with _translated(), engine.execution_options(writes=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            # Of ten that start at once one migrates, and the others find it done. SQLite's writing
            # transaction does the same by itself.
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        at = MigrationContext.configure(connection).get_current_revision()
        if at == scripts.get_current_head():
            return
        if at is not None and at not in {script.revision for script in scripts.walk_revisions()}:
            raise SchemaAhead(
                f"The database is at revision {at}, which this version does not know. "
                "Start the version that made it, or a newer one."
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def revision(engine: Engine) -> tuple[str | None, str | None]:
    """At which revision the database is, and which one this version of the program needs.

    Raises:
        StorageUnavailable: if the database cannot be reached.
    """
    scripts = ScriptDirectory.from_config(_config())
    with _translated(), engine.connect() as connection:
        at = MigrationContext.configure(connection).get_current_revision()
    return at, scripts.get_current_head()


__all__ = ["SchemaAhead", "StorageUnavailable", "revision", "upgrade"]
