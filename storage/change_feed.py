"""The change feed: the changes that gateways have to apply, as they are committed.

A feed is endless and in order. It either yields every change or fails with FeedLost: its reader
must then empty its cache, and may cache again once a new feed has started. Every batch, even an
empty one, proves that the feed was alive at that time; without that proof no cached verdict may be
used (gateway.cache.verdict_cache).

    SQLite       `PRAGMA data_version` shows within microseconds whether another connection has
                 committed; only then is the table of changes read. It needs no server, thread or
                 file watcher.
    PostgreSQL   LISTEN on a separate connection. PostgreSQL sends notifications in commit order,
                 after the commit is visible to others. A regular query proves that the connection
                 is alive: otherwise a cut cable would look like a quiet day.

Sources: SQLite, "PRAGMA data_version"; PostgreSQL, "NOTIFY", section "Notes".
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import psycopg
from sqlalchemy import Engine

from storage.driver_errors import explain
from storage.engine import read_only_uri
from storage.triggers import CHANNEL

# Seconds between two polls of a SQLite file; each takes about ten microseconds.
LOOK_SECONDS = 0.004
# How often a PostgreSQL connection has to prove that it is alive, and how long that may take.
PROOF_SECONDS = 0.5
PROOF_TIMEOUT_SECONDS = 1.0
# Positions in the write-ahead log are byte offsets from its beginning.
WRITTEN = "(pg_current_wal_insert_lsn() - '0/0')::bigint"


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One change; if `key_id` and `public_id` are both None, the whole cache has to be emptied.

    Attributes:
        fence: the fence to confirm once everything before it was applied.
    """

    key_id: str | None
    public_id: str | None
    fence: str | None = None


@dataclass(frozen=True, slots=True)
class FeedBatch:
    """Changes in commit order, often none.

    Attributes:
        proven_at: every change committed before this time is in this batch or an earlier one
            (the machine's monotonic clock, in seconds).
        wal: a position in PostgreSQL's write-ahead log at or after all changes of earlier batches,
            but not necessarily of this one; None if unknown.
    """

    changes: tuple[FeedEntry, ...]
    proven_at: float
    wal: int | None = None


class FeedLost(Exception):
    """Changes may have been missed, so the whole cache has to be emptied."""


class Feed(Protocol):
    """A source of changes."""

    def follow(self) -> AsyncIterator[FeedBatch]:
        """Yield batches of changes from now on; the first batch means that the feed has started.

        Raises:
            FeedLost: if changes may have been missed.
        """
        ...


def open_feed(engine: Engine, *, places: bool = False) -> Feed:
    """Return the feed of a database.

    Args:
        places: whether to report positions in the write-ahead log (PostgreSQL only), for a replica.
    """
    if engine.dialect.name == "postgresql":
        url = engine.url.set(drivername="postgresql")
        return PostgresqlFeed(url.render_as_string(hide_password=False), places=places)
    return SqliteFeed(str(engine.url.database))


class SqliteFeed:
    """Polls the database file every few milliseconds."""

    def __init__(self, path: str, every: float = LOOK_SECONDS) -> None:
        self._path = path
        self._every = every

    async def follow(self) -> AsyncIterator[FeedBatch]:
        """See `Feed`. It polls in the event loop: handing that to a thread would cost more."""
        try:
            # With a write-ahead log readers are never blocked, so no timeout is needed here.
            connection = sqlite3.connect(read_only_uri(self._path), uri=True, timeout=0)
        except sqlite3.Error as error:
            raise _lost(error) from error
        try:
            connection.isolation_level = None
            data_version, last = self._version(connection), self._newest(connection)
            yield FeedBatch((), time.monotonic())
            while True:
                await asyncio.sleep(self._every)
                now, version = time.monotonic(), self._version(connection)
                changes: tuple[FeedEntry, ...] = ()
                if version != data_version:
                    # The version is read first: a commit between the two reads shows up as another
                    # new version, and no change is missed.
                    data_version = version
                    changes, last = self._since(connection, last)
                yield FeedBatch(changes, now)
        except sqlite3.Error as error:
            raise _lost(error) from error
        finally:
            connection.close()

    @staticmethod
    def _version(connection: sqlite3.Connection) -> int:
        version: int = connection.execute("PRAGMA data_version").fetchone()[0]
        return version

    @staticmethod
    def _newest(connection: sqlite3.Connection) -> int:
        newest: int = connection.execute("SELECT coalesce(max(id), 0) FROM changes").fetchone()[0]
        return newest

    @staticmethod
    def _since(connection: sqlite3.Connection, last: int) -> tuple[tuple[FeedEntry, ...], int]:
        rows = connection.execute(
            "SELECT id, key_id, public_id, fence FROM changes WHERE id > ? ORDER BY id", (last,)
        ).fetchall()
        if not rows:
            return (), last
        if rows[0][0] != last + 1:
            # Ids have no gaps (AUTOINCREMENT), so some changes were deleted unread.
            raise FeedLost("some changes were deleted before they were read")
        return tuple(FeedEntry(*row[1:]) for row in rows), rows[-1][0]


class PostgresqlFeed:
    """Listens on a separate connection, which must not go through a pooler."""

    def __init__(self, url: str, *, places: bool = False) -> None:
        self._url = url
        self._proof = f"SELECT {WRITTEN}" if places else "SELECT NULL"
        # If positions are needed, they are queried as soon as there was a change.
        self._stop_after = 1 if places else None

    async def follow(self) -> AsyncIterator[FeedBatch]:
        """See `Feed`."""
        try:
            async with asyncio.timeout(PROOF_TIMEOUT_SECONDS * 3):
                connection = await psycopg.AsyncConnection.connect(
                    self._url, autocommit=True, connect_timeout=3
                )
        except (psycopg.Error, OSError, TimeoutError) as error:
            raise _lost(error) from None
        try:
            await self._prove(connection, f"LISTEN {CHANNEL}")
            while True:
                asked = time.monotonic()
                wal = await self._prove(connection, self._proof)
                # Notifications sent before the answer have arrived with it.
                batches = [_read(note.payload) async for note in connection.notifies(timeout=0)]
                yield FeedBatch(tuple(batches), asked, wal)
                if batches and self._stop_after:
                    continue
                # The loop must run to its end, since breaking out of it would lose notifications.
                notes = connection.notifies(timeout=PROOF_SECONDS, stop_after=self._stop_after)
                async for note in notes:
                    yield FeedBatch((_read(note.payload),), asked)
        except (psycopg.Error, OSError, TimeoutError) as error:
            raise _lost(error) from None
        finally:
            # Closing sends a message to the server, which may be gone.
            with suppress(psycopg.Error, OSError):
                await connection.close()

    @staticmethod
    async def _prove(connection: psycopg.AsyncConnection[Any], statement: str) -> int | None:
        async with asyncio.timeout(PROOF_TIMEOUT_SECONDS):
            done = await connection.execute(statement)
            row = await done.fetchone() if done.description else None
        return row[0] if row else None


def _lost(error: Exception) -> FeedLost:
    return FeedLost(str(explain(error) or type(error).__name__))


def _read(payload: str) -> FeedEntry:
    row = json.loads(payload)
    return FeedEntry(row["key_id"], row["public_id"], row["fence"])
