"""Read secrets from a streaming replica, each time with how far it has come.

A replica shows the database as it was a moment ago, or an hour ago if something is wrong. What it
says is of use only together with the position in the write-ahead log that it has replayed; the
caller knows which changes lie at or before it (gateway.cache.replica_positions).

The position is read in a statement before the one that reads the rows: within one statement, the
rows would be those of its start, and the position a later one.

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
    """The database is no streaming replica of the other one."""


class ReplicaLookup:
    """Reads by one connection for each thread, as `Lookup` does."""

    def __init__(self, replica: Engine, primary: Engine, enough: Callable[[], int]) -> None:
        """Make it ready.

        Args:
            enough: gives the position from which on the replica is current enough.
        """
        self._lookup = _Lookup(replica, primary, enough)

    def read(self, public_ids: Sequence[str]) -> tuple[int, dict[str, SecretRow]]:
        """What is known of these public ids, at most 64; unknown ones are left out.

        Returns:
            The position up to which the replica had replayed, at least, and what it said then.

        Raises:
            NotItsReplica: if it is none.
            StorageUnavailable: if it cannot be reached.
        """
        rows = self._lookup.read(public_ids)
        return self._lookup.position, rows

    def read_imported(self, digests: Sequence[bytes]) -> tuple[int, dict[bytes, SecretRow]]:
        """The same of imported secrets, by their digests."""
        rows = self._lookup.read_imported(digests)
        return self._lookup.position, rows

    def position(self) -> int:
        """How far the replica has replayed. Raises likewise."""
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
        """Of this thread's connection, before it read last."""
        position: int = self._mine.position
        return position

    def _read(self, query: str, values: tuple[Any, ...]) -> list[Any]:
        connection = getattr(self._mine, "connection", None) or self._connect()
        # A server only ever moves on, so what it said before still holds, on this connection.
        if self._mine.position < self._enough():
            (position,) = connection.execute(_POSITION).fetchone()
            if position is None:
                raise NotItsReplica("the database of DATABASE_REPLICA_URL is no replica")
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
            raise NotItsReplica("the database of DATABASE_REPLICA_URL is another server's")
        return connection
