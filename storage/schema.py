"""Upgrading the database to the newest schema, with Alembic's migrations."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from runtime.errors import StorageUnavailable
from storage.driver_errors import BUSY
from storage.engine import _translated

if TYPE_CHECKING:
    from alembic.config import Config

# A number that no other program uses as a lock: half of the first 64 bits of the SHA-256 of
# "apikeys: migrations".
_LOCK = 0x3A1416883409298C
# How long a program waits for another one that migrates.
_WAIT_SECONDS = 20.0
_MIGRATIONS = Path(__file__).parent / "migrations"


# Seals the rows of a database of a version without seals, in the transaction of its migration.
SealRows = Callable[[Connection], None]


class SchemaAhead(Exception):
    """The database was upgraded by a newer version of this program."""


class SealerMissing(Exception):
    """The database has rows to seal, and only a program that has the pepper can do that."""


def require_nothing_to_seal(connection: Connection) -> None:
    """Return if there is no row to seal. Raises SealerMissing."""
    if connection.execute(text("SELECT 1 FROM accounts LIMIT 1")).first() is not None:
        raise SealerMissing("The rows of this database have to be sealed. Run: apikeys db upgrade")


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


@cache
def _revisions() -> frozenset[str]:
    """Return the revisions that this version knows, from the names of the migrations' files.

    Alembic, which is slow to import, is only needed if there is something to migrate.
    """
    return frozenset(path.name[:4] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def _head() -> str:
    """Return the newest revision."""
    return max(_revisions())


def is_ahead(engine: Engine) -> bool:
    """Return whether a newer version of this program has upgraded the database.

    Raises:
        StorageUnavailable: if the database cannot be reached.
    """
    at, _ = revision(engine)
    return at is not None and at not in _revisions()


def upgrade(engine: Engine, seal_rows: SealRows = require_nothing_to_seal) -> None:
    """Run all pending migrations in one transaction.

    If several programs start at once, only one of them migrates.

    Args:
        seal_rows: seals the rows of a database of a version that knew no seals; see
            keys.credentials.seal_database. An empty database needs none.

    Raises:
        SealerMissing: if there are rows to seal, and no `seal_rows`.
        StorageUnavailable: if the database cannot be reached.
        SchemaAhead: if the database was upgraded by a newer version of this program.
    """
    end = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            _upgrade(engine, seal_rows)
        except StorageUnavailable as error:
            # Another program may be migrating, for longer than SQLite lets a writer wait.
            if str(error) != BUSY or time.monotonic() > end:
                raise
        else:
            return


def _upgrade(engine: Engine, seal_rows: SealRows) -> None:
    with _translated(), engine.connect() as connection:
        if _at(connection) == _head():
            return
    with _translated(), engine.execution_options(writes=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            # One of several programs migrates, and the others find it done. On SQLite the write
            # transaction ensures that.
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        at = _at(connection)
        if at != _head():
            _migrate(connection, at, seal_rows)


def _migrate(connection: Connection, at: str | None, seal_rows: SealRows) -> None:
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
    config.attributes["seal_rows"] = seal_rows
    command.upgrade(config, "head")


def _at(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    # It has one row, unless something else has written to it.
    newest = text("SELECT CAST(max(version_num) AS TEXT) FROM alembic_version")
    found: str | None = connection.execute(newest).scalar_one()
    return found


def revision(engine: Engine) -> tuple[str | None, str | None]:
    """Return the database's revision, and the one that this version of the program needs.

    Raises:
        StorageUnavailable: if the database cannot be reached.
    """
    with _translated(), engine.connect() as connection:
        return _at(connection), _head()


__all__ = ["SchemaAhead", "SealRows", "SealerMissing", "StorageUnavailable", "revision", "upgrade"]
