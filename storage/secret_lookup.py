"""Reading secrets for verification, many in one query: by public id, or imported ones by digest.

Only this module uses the database driver directly. A verification is one point read, and an
SQLAlchemy session would cost some twenty times as much (bench/verification.py). The columns' names
come from the tables, and a test compares the rows with those that SQLAlchemy reads.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

import psycopg
from sqlalchemy import Boolean, Engine
from sqlmodel import SQLModel

from runtime.errors import StorageUnavailable
from storage.driver_errors import explain
from storage.engine import CONNECTING, read_only_uri
from storage.seals import SEALED, plain_content
from storage.tables import Key, Secret
from storage.tables.audit_log import OF_KEY
from storage.tables.types import UtcDateTime

MOST = 64
"""The maximum number of secrets in one read."""

_TIMEOUT_SECONDS = 2.0
# To plan such a statement takes PostgreSQL four times as long as to execute it, and it plans one
# with an array again for every execution unless it is told not to. A plan that is kept has to suit
# a table that has grown since, so it never reads a table from end to end.
# Source: https://www.postgresql.org/docs/current/runtime-config-query.html
_SETTINGS = {
    "statement_timeout": f"{_TIMEOUT_SECONDS * 1000:.0f}",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
}


class WouldBlock(Exception):
    """The read would have to wait for a server, or for a lock on the file."""


class SecretRow(NamedTuple):
    """A secret and its key as one row, as it is stored: in the form that its seal covers.

    Times are texts and booleans numbers on every database, as `storage.seals.plain` makes them.
    Whether a value can be believed is only known once the seal was checked.

    Attributes:
        seal: covers everything before it.
        revision, key_revision: those of the secret's row and of the key's.
        recorded_revision: the newest that the audit log has of the key; 0 if it has none.
        is_ended: whether the audit log has an entry that the key was revoked or cancelled.
    """

    secret_id: str
    secret_account_id: str
    secret_key_id: str
    public_id: str
    digest: bytes
    pepper_version: int
    hint: str
    created_at: str
    ends_at: str | None
    pending: int
    imported: int
    algorithm: str
    revision: int
    key_id: str
    account_id: str
    state: str
    name: str
    owner: str | None
    scopes: str
    expires_at: str | None
    rate_limit: str
    networks: str
    key_revision: int
    seal: bytes | None
    recorded_revision: int
    is_ended: int

    @property
    def content(self) -> bytes:
        """What the seal has to cover."""
        return plain_content(_SECRETS.name, self[:_SEALED_COLUMNS])


_SECRETS = SEALED[Secret]
_NEWEST_REVISION, _IS_ENDED = OF_KEY


def _joined(*, postgresql: bool = False) -> str:
    """Return the statement without its condition; PostgreSQL returns what SQLite has stored.

    The server makes a text of a time as quickly as the driver makes a `datetime` of it, and also
    of a time that Python cannot represent: `infinity`, the year 10000.
    """

    def column(of: type[SQLModel], name: str) -> str:
        column = of.metadata.tables[str(of.__tablename__)].columns[name]
        if postgresql and isinstance(column.type, UtcDateTime):
            # `infinity` has no year.
            text = f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
            return f"coalesce({text}, {column}::text)"
        if postgresql and isinstance(column.type, Boolean):
            return f"{column}::int"
        return str(column)

    columns = (
        *(column(Secret, name) for name in _SECRETS.columns),
        *(column(Key, name) for name in _SECRETS.of_key),
        "secrets.seal",
        _NEWEST_REVISION,
        f"{_IS_ENDED}::int" if postgresql else _IS_ENDED,
    )
    return (
        f"SELECT {', '.join(columns)} "  # noqa: S608  (names of our own tables)
        "FROM secrets JOIN keys ON keys.id = secrets.key_id WHERE "
    )


_JOINED = {"sqlite": _joined(), "postgresql": _joined(postgresql=True)}
_BY_PUBLIC_ID = "secrets.public_id "
# The condition of the index `imported_digests`, which is not used without it.
_BY_IMPORTED_DIGEST = "secrets.imported AND secrets.digest "
_SELECT = f"{_JOINED['sqlite']}{_BY_PUBLIC_ID}"
_SELECT_ONE = f"{_SELECT}= ?"
_SELECT_IMPORTED = f"{_JOINED['sqlite']}{_BY_IMPORTED_DIGEST}"
# Every digest is greater than an empty one; put this way, the query is answered from the index.
_ANY_IMPORTED = "SELECT 1 FROM secrets WHERE imported AND digest >= {} LIMIT 1"
_SEALED_COLUMNS = len(_SECRETS.columns) + len(_SECRETS.of_key)


class Lookup:
    """Reads through one connection per thread, opened when first needed."""

    def __init__(self, engine: Engine) -> None:
        self._postgresql = engine.dialect.name == "postgresql"
        self._address = (
            engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
            if self._postgresql
            else read_only_uri(str(engine.url.database))
        )
        self._mine = threading.local()
        self._glancing: sqlite3.Connection | None = None
        self._opened: list[Any] = []
        self._guard = threading.Lock()

    def read(self, public_ids: Sequence[str]) -> dict[str, SecretRow]:
        """Read the secrets with these public ids, at most 64; unknown ones are left out.

        Raises:
            StorageUnavailable: if the database cannot be reached.
        """
        return {row.public_id: row for row in self._rows(_BY_PUBLIC_ID, public_ids)}

    def read_imported(self, digests: Sequence[bytes]) -> dict[bytes, SecretRow]:
        """Read the imported secrets with one of these digests, which may be those of 64 keys.

        Returns:
            The secrets by their digest.

        Raises:
            StorageUnavailable: if the database cannot be reached.
        """
        return {row.digest: row for row in self._rows(_BY_IMPORTED_DIGEST, digests)}

    def any_imported(self) -> bool:
        """Return whether there is any imported secret. Raises StorageUnavailable."""
        placeholder = "%s" if self._postgresql else "?"
        return bool(self._patiently(_ANY_IMPORTED.format(placeholder), (b"",)))

    def try_read_now(self, public_id: str) -> SecretRow | None:
        """Read the secret with a public id without waiting, for use in an event loop.

        A point read of a SQLite file takes some ten microseconds, and handing it to a thread takes
        several times as long. With a write-ahead log readers are never blocked.

        Raises:
            WouldBlock: on PostgreSQL, and if the file cannot be read at once.
        """
        rows = self._at_once(_SELECT_ONE, (public_id,))
        return _as_stored(rows[0]) if rows else None

    def try_read_imported_now(self, digests: Sequence[bytes]) -> dict[bytes, SecretRow]:
        """Read imported secrets like `read_imported`, but without waiting. Raises WouldBlock."""
        rows = self._at_once(f"{_SELECT_IMPORTED}IN ({_places(digests)})", digests)
        return {row.digest: row for row in map(_as_stored, rows)}

    def try_any_imported_now(self) -> bool:
        """Return the same as `any_imported`, but without waiting. Raises WouldBlock."""
        return bool(self._at_once(_ANY_IMPORTED.format("?"), (b"",)))

    def close(self) -> None:
        """Close every thread's connection; call it when no thread will read again."""
        self._forget_glancing()
        with self._guard:
            opened, self._opened = self._opened, []
        for connection in opened:
            connection.close()

    def _at_once(self, query: str, values: Sequence[Any]) -> list[Any]:
        if self._postgresql:
            raise WouldBlock
        try:
            if self._glancing is None:
                self._glancing = self._open_file(timeout=0.0)
            return self._glancing.execute(query, values).fetchall()
        except sqlite3.Error as error:
            self._forget_glancing()
            raise WouldBlock from error

    def _rows(self, condition: str, values: Sequence[Any]) -> list[SecretRow]:
        """Return the rows in which the column at the end of the condition has one of the values."""
        if self._postgresql:
            query = f"{_JOINED['postgresql']}{condition}= ANY(%s)"
            return list(map(SecretRow._make, self._patiently(query, (list(values),))))
        query = f"{_JOINED['sqlite']}{condition}IN ({_places(values)})"
        return list(map(_as_stored, self._patiently(query, tuple(values))))

    def _patiently(self, query: str, values: tuple[Any, ...]) -> list[Any]:
        try:
            return self._read(query, values)
        except (sqlite3.Error, psycopg.Error, OSError) as error:
            self._reset()
            if not self._postgresql:
                raise _unavailable(error) from error
        # A restart of the server is only noticed by the next query.
        try:
            return self._read(query, values)
        except (psycopg.Error, OSError) as error:
            self._reset()
            raise _unavailable(error) from error

    def _read(self, query: str, values: tuple[Any, ...]) -> list[Any]:
        connection = getattr(self._mine, "connection", None) or self._connect()
        rows: list[Any] = connection.execute(query, values).fetchall()
        return rows

    def _connect(self) -> Any:
        connection: Any
        if self._postgresql:
            connection = psycopg.connect(
                self._address,
                autocommit=True,
                **CONNECTING,
                options=" ".join(f"-c {name}={value}" for name, value in _SETTINGS.items()),
            )
        else:
            connection = self._open_file(timeout=_TIMEOUT_SECONDS)
        self._mine.connection = connection
        with self._guard:
            self._opened.append(connection)
        return connection

    def _open_file(self, timeout: float) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._address, uri=True, timeout=timeout, check_same_thread=False
        )
        connection.isolation_level = None
        return connection

    def _forget_glancing(self) -> None:
        if self._glancing is not None:
            self._glancing.close()
            self._glancing = None

    def _reset(self) -> None:
        connection = getattr(self._mine, "connection", None)
        if connection is None:
            return
        self._mine.connection = None
        with self._guard:
            if connection in self._opened:
                self._opened.remove(connection)
        connection.close()


def _unavailable(error: Exception) -> StorageUnavailable:
    return explain(error) or StorageUnavailable("The database did not answer.")


def _places(values: Sequence[Any]) -> str:
    return ",".join("?" * len(values))


def _as_stored(row: Sequence[Any]) -> SecretRow:
    """Return a row of SQLite, which stores anything in any column."""
    secret = SecretRow._make(row)
    return secret if type(secret.digest) is bytes else secret._replace(digest=b"")
