"""Messages to post in Slack, and what is shown there."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    Column,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from storage.tables.columns import datetime_column


class Home(SQLModel, table=True):
    """The state of a person's App Home, so that it can be updated when keys change."""

    __tablename__ = "homes"

    account_id: str = Field(primary_key=True, foreign_key="accounts.id", max_length=32)
    user_id: str = Field(primary_key=True, max_length=32)
    state: str = Field(sa_column=Column("shown", Text, nullable=False))
    view_hash: str = Field(default="", max_length=100)
    rendered_hash: str = Field(default="", max_length=64, sa_column_kwargs={"name": "drawn"})
    opened_at: datetime = Field(sa_column=datetime_column(nullable=False))
    last_seq: int = Field(default=0, sa_column_kwargs={"name": "seen"})
    claimed_until: datetime | None = Field(default=None, sa_column=datetime_column())


class OutboxRow(SQLModel, table=True):
    """A message that must follow a change, kept until it was posted."""

    __tablename__ = "notices"
    __table_args__ = (
        Index(
            "notices_to_send",
            "due_at",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    id: str = Field(primary_key=True, max_length=32)
    account_id: str = Field(foreign_key="accounts.id", max_length=32)
    event_id: int = Field(foreign_key="events.id")
    kind: str = Field(max_length=40)
    recipient: str = Field(max_length=64, sa_column_kwargs={"name": "audience"})
    data: str = Field(sa_column=Column(Text, nullable=False))
    created_at: datetime = Field(sa_column=datetime_column(nullable=False))
    due_at: datetime = Field(sa_column=datetime_column(nullable=False))
    attempts: int = 0
    claimed_until: datetime | None = Field(default=None, sa_column=datetime_column())
    closed_at: datetime | None = Field(default=None, sa_column=datetime_column())
    outcome: str = Field(default="", max_length=200)
    trace_id: str | None = Field(
        default=None, max_length=12, sa_column_kwargs={"name": "request_id"}
    )


class LiveMessageRow(SQLModel, table=True):
    """A live message; see keys.changes.live_messages."""

    __tablename__ = "live_messages"
    __table_args__ = (
        UniqueConstraint(
            "account_id", "kind", "subject", "audience", name="one_live_message_for_each"
        ),
        Index(
            "live_messages_due",
            "due_at",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("live_messages_about", "subject"),
    )

    id: str = Field(primary_key=True, max_length=32)
    account_id: str = Field(foreign_key="accounts.id", max_length=32)
    kind: str = Field(max_length=40)
    subject: str = Field(max_length=100)
    recipient: str = Field(max_length=64, sa_column_kwargs={"name": "audience"})
    data: str = Field(sa_column=Column(Text, nullable=False))
    channel_id: str | None = Field(default=None, max_length=32, sa_column_kwargs={"name": "place"})
    message: str | None = Field(default=None, max_length=32)
    rendered_hash: str = Field(default="", max_length=64, sa_column_kwargs={"name": "drawn"})
    created_at: datetime = Field(sa_column=datetime_column(nullable=False))
    due_at: datetime = Field(sa_column=datetime_column(nullable=False))
    claimed_until: datetime | None = Field(default=None, sa_column=datetime_column())
    attempts: int = 0
    posting_at: datetime | None = Field(default=None, sa_column=datetime_column())
    closed_at: datetime | None = Field(default=None, sa_column=datetime_column())


class TeamChannelRow(SQLModel, table=True):
    """Where an account's messages to the team go, and what is wrong there; one row an account.

    `setting` is what APIKEYS_CHANNEL was when `channel_id` was found or chosen for it. `lost_at` is
    empty while messages arrive; `fault` says in a word why they do not, and `reminders` counts
    the admins who were told.
    """

    __tablename__ = "team_channels"

    account_id: str = Field(primary_key=True, foreign_key="accounts.id", max_length=32)
    channel_id: str | None = Field(default=None, max_length=32)
    setting: str = Field(default="", max_length=100)
    fault: str = Field(default="", max_length=40)
    lost_at: datetime | None = Field(default=None, sa_column=datetime_column())
    next_try_at: datetime | None = Field(default=None, sa_column=datetime_column())
    reminded_at: datetime | None = Field(default=None, sa_column=datetime_column())
    reminders: int = Field(default=0)
