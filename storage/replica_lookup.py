"""Reading secrets from a streaming replica, with the position that it has replayed.

A replica shows the database as it was an instant ago, or an hour ago if something is wrong. Its
rows are only useful together with its position in the write-ahead log; the caller knows which
changes lie at or before that (gateway.cache.replica_positions).

The position is read in a separate statement before the rows: within one statement, the rows would
be from its start, and the position might be a later one.

Source: PostgreSQL, "Recovery Information Functions" and "Hot Standby".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Engine, text

from runtime.errors import StorageUnavailable
from storage.engine import reading
from storage.secret_lookup import Lookup, SecretRow

_POSITION = "SELECT (pg_last_wal_replay_lsn() - '0/0')::bigint"
_IDENTITY = "SELECT system_identifier FROM pg_control_system()"


class NotItsReplica(StorageUnavailable):
    """The database is not a streaming replica of the primary."""


class ReplicaLookup:
    """Reads through one connection per thread, like `Lookup`."""

    def __init__(self, replica: Engine, primary: Engine, enough: Callable[[], int]) -> None:
        """Create a lookup; it connects when first used.

        Args:
            enough: returns the position at which the replica is recent enough.
        """
        self._lookup = _Lookup(replica, primary, enough)

    def read(self, public_ids: Sequence[str]) -> tuple[int, dict[str, SecretRow]]:
        """Read the secrets with these public ids, at most 64; unknown ones are left out.

        Returns:
            A position that the replica had replayed, and the secrets at that position or later.

        Raises:
            NotItsReplica: if it is not a replica of the primary.
            StorageUnavailable: if it cannot be reached.
        """
        rows = self._lookup.read(public_ids)
        return self._lookup.position, rows

    def read_imported(self, digests: Sequence[bytes]) -> tuple[int, dict[bytes, SecretRow]]:
        """Read imported secrets by their digests; otherwise like `read`."""
        rows = self._lookup.read_imported(digests)
        return self._lookup.position, rows

    def position(self) -> int:
        """Return the position that the replica has replayed. Raises like `read`."""
        self._lookup.read([])
        return self._lookup.position

    def close(self) -> None:
        """See `Lookup`."""
        self._lookup.close()


class _Lookup(Lookup):
    def __init__(self, replica: Engine, primary: Engine, enough: Callable[[], int]) -> None:
        super().__init__(replica)
        self._primary = primary
        self._enough = enough
        self._identity: int | None = None

    @property
    def position(self) -> int:
        """Return the position before the last read on this thread's connection."""
        position: int = self._mine.position
        return position

    def _read(self, query: str, values: tuple[Any, ...]) -> list[Any]:
        connection = getattr(self._mine, "connection", None) or self._connect()
        # A position only increases, so an earlier one is still valid on this connection.
        if self._mine.position < self._enough():
            (position,) = connection.execute(_POSITION).fetchone()
            if position is None:
                raise NotItsReplica("the database of DATABASE_REPLICA_URL is not a replica")
            self._mine.position = position
        rows: list[Any] = connection.execute(query, values).fetchall()
        return rows

    def _connect(self) -> Any:
        connection = super()._connect()
        self._mine.position = -1
        (identity,) = connection.execute(_IDENTITY).fetchone()
        if self._identity is None:
            with reading(self._primary) as session:
                self._identity = session.connection().execute(text(_IDENTITY)).scalar_one()
        if identity != self._identity:
            self._reset()
            raise NotItsReplica("the database of DATABASE_REPLICA_URL belongs to another server")
        return connection
