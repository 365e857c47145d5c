"""Bringing the database to the newest schema, through Alembic's migrations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from runtime.errors import StorageUnavailable
from storage.engine import _translated

if TYPE_CHECKING:
    from alembic.config import Config

# A number that no other program takes: half of the first 64 bits of SHA-256 of
# "apikeys: migrations".
_LOCK = 0x3A1416883409298C
_MIGRATIONS = Path(__file__).parent / "migrations"
# The newest migration. Alembic, which takes long to import, is asked only when there is something
# to migrate; a test holds this against its own answer.
HEAD = "0008"


class SchemaAhead(Exception):
    """The database was made by a newer version of this program."""


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def upgrade(engine: Engine) -> None:
    """Run every migration that the database has not had yet, in one transaction.

    However many programs start at once, one of them migrates.

    Raises:
        StorageUnavailable: if the database cannot be reached.
        SchemaAhead: if the database was made by a newer version of this program.
    """
    with _translated(), engine.connect() as connection:
        if _at(connection) == HEAD:
            return
    with _translated(), engine.execution_options(writes=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            # Of ten that start at once one migrates, and the others find it done. SQLite's writing
            # transaction does the same.
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        at = _at(connection)
        if at != HEAD:
            _migrate(connection, at)


def _migrate(connection: Connection, at: str | None) -> None:
    from alembic import command
    from alembic.script import ScriptDirectory

    config = _config()
    scripts = ScriptDirectory.from_config(config)
    if at is not None and at not in {script.revision for script in scripts.walk_revisions()}:
        raise SchemaAhead(
            f"The database is at revision {at}, which this version does not know. "
            "Start the version that made it, or a newer one."
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _at(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(
        text("SELECT version_num FROM alembic_version")
    ).scalar_one_or_none()
    return found


def revision(engine: Engine) -> tuple[str | None, str | None]:
    """The revision of the database, and the one that this version of the program needs.

    Raises:
        StorageUnavailable: if the database cannot be reached.
    """
    with _translated(), engine.connect() as connection:
        return _at(connection), HEAD


__all__ = ["SchemaAhead", "StorageUnavailable", "revision", "upgrade"]
