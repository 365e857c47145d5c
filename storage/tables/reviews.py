"""Key reviews (called "audits" in Slack and in stored data)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    Column,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from storage.tables.columns import datetime_column


class Review(SQLModel, table=True):
    """One review of all keys; see keys.reviews.lifecycle.

    `period` identifies the run: a scheduled time or a manual request. There is one review for each,
    whichever process starts it and however often it tries.
    """

    __tablename__ = "audits"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'finished')", name="state"),
        UniqueConstraint("account_id", "period", name="one_audit_per_period"),
        Index(
            "one_audit_at_a_time",
            "account_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )

    id: str = Field(primary_key=True, max_length=32)
    account_id: str = Field(foreign_key="accounts.id", max_length=32)
    period: str = Field(max_length=80)
    state: str = Field(max_length=16)
    started_by: str = Field(max_length=200)
    created_at: datetime = Field(sa_column=datetime_column(nullable=False))
    deadline_at: datetime = Field(sa_column=datetime_column(nullable=False))
    total: int
    flagged: str = Field(sa_column=Column("doubtful", Text, nullable=False))
    starts_after_seq: int = Field(sa_column_kwargs={"name": "begun_after"})
    last_seq: int = Field(sa_column_kwargs={"name": "seen"})
    reminders: int = 0
    escalated_at: datetime | None = Field(default=None, sa_column=datetime_column())
    revokes_at: datetime | None = Field(default=None, sa_column=datetime_column())
    ended_at: datetime | None = Field(default=None, sa_column=datetime_column())
    ended_by: str | None = Field(default=None, max_length=200)
    audit_log_hash_at_start: str = Field(max_length=64, sa_column_kwargs={"name": "record_hash"})
    audit_log_hash_at_end: str = Field(
        default="", max_length=64, sa_column_kwargs={"name": "ended_hash"}
    )
    evidence_posted_at: datetime | None = Field(default=None, sa_column=datetime_column("filed_at"))
    claimed_until: datetime | None = Field(default=None, sa_column=datetime_column())


class ReviewKey(SQLModel, table=True):
    """One key in a review: its snapshots at the start and the end, and the decision."""

    __tablename__ = "audit_keys"
    __table_args__ = (
        Index("audit_keys_in_order", "audit_id", "decision", "position"),
        Index("audit_keys_by_owner", "audit_id", "owner", "decision", "position"),
    )

    audit_id: str = Field(primary_key=True, foreign_key="audits.id", max_length=32)
    key_id: str = Field(primary_key=True, foreign_key="keys.id", max_length=32)
    position: int
    owner: str | None = Field(default=None, max_length=32)
    risk_findings: str = Field(max_length=200, sa_column_kwargs={"name": "doubts"})
    snapshot_at_start: str = Field(sa_column=Column("at_start", Text, nullable=False))
    snapshot_at_end: str = Field(default="", sa_column=Column("at_end", Text, nullable=False))
    decision: str = Field(default="", max_length=16)
    decided_by: str | None = Field(default=None, max_length=200)
    decided_at: datetime | None = Field(default=None, sa_column=datetime_column())
    reason: str = Field(default="", sa_column=Column(Text, nullable=False))
    asked_at: datetime | None = Field(default=None, sa_column=datetime_column())
