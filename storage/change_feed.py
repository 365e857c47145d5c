"""Follow the changes that gateways have to know of, as they are committed.

A feed is endless and in order, and it either yields every change or fails with FeedLost: its reader
must then empty its cache, and may cache again once a new feed has started. Each batch, an empty one
too, proves that the feed was alive at that time; without it nothing is proven, and no cached
verdict may be used (gateway.cache.verdict_cache).

    SQLite       `PRAGMA data_version` tells in some microseconds whether anybody else committed;
                 only then is the table of changes read. No server, no thread, no file watching.
    PostgreSQL   LISTEN, on a connection of its own. PostgreSQL sends notifications in the order of
                 commits, and after the commit is visible to everybody. A query now and then proves
                 that the connection lives: a cut cable would otherwise look like a quiet day.

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

from storage.engine import read_only_uri
from storage.triggers import CHANNEL

# How long SQLite's gateways sleep between two looks; each costs about ten microseconds.
LOOK_SECONDS = 0.004
# How often a PostgreSQL connection has to prove that it lives, and how long it may take to.
PROOF_SECONDS = 0.5
PROOF_TIMEOUT_SECONDS = 1.0
# Places in the write-ahead log are numbers of bytes from its beginning.
WRITTEN = "(pg_current_wal_insert_lsn() - '0/0')::bigint"


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One change; `key_id` and `public_id` both None means that everything has to be forgotten.

    Attributes:
        fence: a revocation waits for the confirmation that everything up to here was applied.
    """

    key_id: str | None
    public_id: str | None
    fence: str | None = None


@dataclass(frozen=True, slots=True)
class FeedBatch:
    """Changes in the order of their commits, often none.

    Attributes:
        proven_at: every change committed before this moment has been told by now (the machine's
            monotonic clock, in seconds).
        wal: a place in PostgreSQL's write-ahead log at or before which every change lies that an
            earlier pulse has told; of this pulse's own it says nothing. None if it is not known.
    """

    changes: tuple[FeedEntry, ...]
    proven_at: float
    wal: int | None = None


class FeedLost(Exception):
    """Changes may have been missed: everything that is remembered has to be forgotten."""


class Feed(Protocol):
    """Where changes come from."""

    def follow(self) -> AsyncIterator[FeedBatch]:
        """Tell of the changes from now on; its first pulse means that it has begun.

        Raises:
            FeedLost: if changes may have been missed.
        """
        ...


def open_feed(engine: Engine, *, places: bool = False) -> Feed:
    """The feed of this database.

    Args:
        places: tell the places in the write-ahead log (PostgreSQL alone), for a replica.
    """
    if engine.dialect.name == "postgresql":
        url = engine.url.set(drivername="postgresql")
        return PostgresqlFeed(url.render_as_string(hide_password=False), places=places)
    return SqliteFeed(str(engine.url.database))


class SqliteFeed:
    """Looks at the database file every few milliseconds."""

    def __init__(self, path: str, every: float = LOOK_SECONDS) -> None:
        self._path = path
        self._every = every

    async def follow(self) -> AsyncIterator[FeedBatch]:
        """See `Feed`. It looks inside the event loop: a hand-over to a thread costs more."""
        try:
            # Readers of a write-ahead log wait for nobody, so no waiting is allowed here.
            connection = sqlite3.connect(read_only_uri(self._path), uri=True, timeout=0)
        except sqlite3.Error as error:
            raise FeedLost(str(error)) from error
        try:
            connection.isolation_level = None
            data_version, last = self._version(connection), self._newest(connection)
            yield FeedBatch((), time.monotonic())
            while True:
                await asyncio.sleep(self._every)
                now, version = time.monotonic(), self._version(connection)
                changes: tuple[FeedEntry, ...] = ()
                if version != data_version:
                    # The version first: what is committed between the two looks is read twice as
                    # a version, and never missed as a change.
                    data_version = version
                    changes, last = self._since(connection, last)
                yield FeedBatch(changes, now)
        except sqlite3.Error as error:
            raise FeedLost(str(error)) from error
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
            # Ids are given without gaps (AUTOINCREMENT), so some were swept away unread.
            raise FeedLost("some changes were swept away before they were read")
        return tuple(FeedEntry(*row[1:]) for row in rows), rows[-1][0]


class PostgresqlFeed:
    """Listens on a connection of its own; it must not go through a pooler."""

    def __init__(self, url: str, *, places: bool = False) -> None:
        self._url = url
        self._proof = f"SELECT {WRITTEN}" if places else "SELECT NULL"
        # Where places count, they are asked for as soon as there was a change.
        self._stop_after = 1 if places else None

    async def follow(self) -> AsyncIterator[FeedBatch]:
        """See `Feed`."""
        try:
            async with asyncio.timeout(PROOF_TIMEOUT_SECONDS * 3):
                connection = await psycopg.AsyncConnection.connect(
                    self._url, autocommit=True, connect_timeout=3
                )
        except (psycopg.Error, OSError, TimeoutError) as error:
            raise FeedLost(type(error).__name__) from None
        try:
            await self._prove(connection, f"LISTEN {CHANNEL}")
            while True:
                asked = time.monotonic()
                wal = await self._prove(connection, self._proof)
                # What the server had to tell before it answered has come with the answer.
                batches = [_read(note.payload) async for note in connection.notifies(timeout=0)]
                yield FeedBatch(tuple(batches), asked, wal)
                if batches and self._stop_after:
                    continue
                # It ends by itself, and only with what has come: leaving it would lose some.
                notes = connection.notifies(timeout=PROOF_SECONDS, stop_after=self._stop_after)
                async for note in notes:
                    yield FeedBatch((_read(note.payload),), asked)
        except (psycopg.Error, OSError, TimeoutError) as error:
            raise FeedLost(type(error).__name__) from None
        finally:
            # Closing says goodbye to the server, which may not be there any more.
            with suppress(psycopg.Error, OSError):
                await connection.close()

    @staticmethod
    async def _prove(connection: psycopg.AsyncConnection[Any], statement: str) -> int | None:
        async with asyncio.timeout(PROOF_TIMEOUT_SECONDS):
            done = await connection.execute(statement)
            row = await done.fetchone() if done.description else None
        return row[0] if row else None


def _read(payload: str) -> FeedEntry:
    row = json.loads(payload)
    return FeedEntry(row["key_id"], row["public_id"], row["fence"])
