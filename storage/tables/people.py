"""People who have left, and the offboarding of their keys."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    Column,
    Index,
    LargeBinary,
    Text,
    text,
)
from sqlmodel import Field, SQLModel

from storage.tables.columns import datetime_column


class Departure(SQLModel, table=True):
    """A person with keys, and whether they have left according to Slack.

    `why` is `deactivated` or `guest` as long as `departed_at` is set.
    """

    __tablename__ = "people"

    account_id: str = Field(primary_key=True, foreign_key="accounts.id", max_length=32)
    user_id: str = Field(primary_key=True, max_length=32)
    asked_at: datetime | None = Field(default=None, sa_column=datetime_column())
    departed_at: datetime | None = Field(default=None, sa_column=datetime_column("gone_since"))
    returned_at: datetime | None = Field(default=None, sa_column=datetime_column())
    why: str = Field(default="", max_length=16)


class Offboarding(SQLModel, table=True):
    """An offboarding of a person's keys; see keys.offboarding.models."""

    __tablename__ = "offboardings"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'finished', 'closed')", name="state"),
        Index(
            "one_offboarding_at_a_time",
            "account_id",
            "person",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )

    id: str = Field(primary_key=True, max_length=32)
    account_id: str = Field(foreign_key="accounts.id", max_length=32)
    person: str = Field(max_length=32)
    why: str = Field(max_length=16)
    state: str = Field(max_length=16)
    started_by: str = Field(max_length=200)
    created_at: datetime = Field(sa_column=datetime_column(nullable=False))
    ended_at: datetime | None = Field(default=None, sa_column=datetime_column())
    ended_by: str | None = Field(default=None, max_length=200)
    last_seq: int = Field(default=0, sa_column_kwargs={"name": "seen"})


class OffboardingKey(SQLModel, table=True):
    """One key of a leaver: how they were related to it, and its result.

    `action` is the bulk action that is pending for it.
    """

    __tablename__ = "offboarding_keys"
    __table_args__ = (
        Index(
            "offboarding_work",
            "account_id",
            sqlite_where=text("wanted <> ''"),
            postgresql_where=text("wanted <> ''"),
        ),
    )

    offboarding_id: str = Field(primary_key=True, foreign_key="offboardings.id", max_length=32)
    key_id: str = Field(primary_key=True, foreign_key="keys.id", max_length=32)
    account_id: str = Field(foreign_key="accounts.id", max_length=32)
    created: bool
    owned: bool
    sent: bool
    outcome: str = Field(default="", max_length=16)
    outcome_by: str | None = Field(default=None, max_length=200)
    outcome_at: datetime | None = Field(default=None, sa_column=datetime_column())
    action: str = Field(default="", max_length=16, sa_column_kwargs={"name": "wanted"})
    action_requested_by: str | None = Field(
        default=None, max_length=200, sa_column_kwargs={"name": "wanted_by"}
    )
    action_recipient: str | None = Field(
        default=None, max_length=32, sa_column_kwargs={"name": "wanted_for"}
    )
    action_requested_at: datetime | None = Field(
        default=None, sa_column=datetime_column("wanted_at")
    )
    claimed_until: datetime | None = Field(default=None, sa_column=datetime_column())
    problem: str = Field(default="", sa_column=Column(Text, nullable=False))
    # See storage.seals; empty where the version before has written the row.
    seal: bytes | None = Field(default=None, sa_column=Column(LargeBinary(40)))
