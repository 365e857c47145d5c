"""The audit log, and the tables that keep work from being done twice."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    Column,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from storage.tables.columns import datetime_column
from storage.tables.types import UtcDateTime

# An entry of one of these kinds means that the key is refused for ever.
ENDED = "kind IN ('key.revoked', 'key.abandoned')"
# What the audit log has of a key in a statement on `keys`: its newest revision, 0 if there is none,
# and whether it has an entry that ends the key.
OF_KEY = (
    "coalesce((SELECT max(revision) FROM events WHERE events.key_id = keys.id), 0)",
    f"EXISTS (SELECT 1 FROM events WHERE events.key_id = keys.id AND {ENDED})",  # noqa: S608
)


class Event(SQLModel, table=True):
    """One event. Rows are appended and never edited, which triggers enforce."""

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("account_id", "seq", name="one_event_per_place"),
        Index("events_by_revision", "key_id", "revision"),
        Index(
            "events_that_end",
            "key_id",
            sqlite_where=text(ENDED),
            postgresql_where=text(ENDED),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    account_id: str = Field(foreign_key="accounts.id", max_length=32)
    seq: int
    at: datetime = Field(sa_column=datetime_column(nullable=False))
    kind: str = Field(max_length=40)
    actor: str = Field(max_length=200)
    key_id: str | None = Field(default=None, index=True, max_length=32)
    data: str = Field(sa_column=Column(Text, nullable=False))
    previous: str = Field(max_length=64)
    hash: str = Field(max_length=64)
    # For finding the request in the log; it is not covered by the hash.
    trace_id: str | None = Field(
        default=None, max_length=12, sa_column_kwargs={"name": "request_id"}
    )
    # The revision of the key that this led to, if it did (storage.seals).
    revision: int | None = None
    # See storage.seals; empty where the version before has written the row.
    seal: bytes | None = Field(default=None, sa_column=Column(LargeBinary(40)))


class ProcessedRequest(SQLModel, table=True):
    """A processed request, which is not processed again. Kept as long as it could be replayed."""

    __tablename__ = "seen"

    id: str = Field(primary_key=True, max_length=80)
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False, index=True))


class PeriodicJob(SQLModel, table=True):
    """When a periodic job, which one bot runs for all, last ran."""

    __tablename__ = "chores"

    account_id: str = Field(primary_key=True, foreign_key="accounts.id", max_length=32)
    name: str = Field(primary_key=True, max_length=40)
    done_at: datetime = Field(sa_column=datetime_column(nullable=False))
