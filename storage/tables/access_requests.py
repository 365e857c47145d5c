"""Requests for a key."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    Column,
    Index,
    LargeBinary,
    Text,
)
from sqlmodel import Field, SQLModel

from storage.tables.columns import datetime_column


class AccessRequest(SQLModel, table=True):
    """A request for a key by a person who is not an admin."""

    __tablename__ = "access_requests"
    __table_args__ = (
        CheckConstraint(
            "state IN ('open', 'granting', 'granted', 'denied', 'closed')", name="state"
        ),
        Index("requests_by_state", "account_id", "state", "closes_at"),
    )

    id: str = Field(primary_key=True, max_length=32)
    account_id: str = Field(foreign_key="accounts.id", max_length=32)
    idempotency_key: str = Field(
        unique=True, max_length=64, sa_column_kwargs={"name": "submission"}
    )
    requester: str = Field(max_length=32)
    name: str = Field(max_length=80)
    scopes: str = Field(max_length=100)
    reason: str = Field(sa_column=Column(Text, nullable=False))
    state: str = Field(max_length=16)
    created_at: datetime = Field(sa_column=datetime_column(nullable=False))
    closes_at: datetime = Field(sa_column=datetime_column(nullable=False))
    decided_by: str | None = Field(default=None, max_length=200)
    decided_at: datetime | None = Field(default=None, sa_column=datetime_column())
    decision_reason: str = Field(default="", sa_column=Column(Text, nullable=False))
    key_id: str | None = Field(default=None, foreign_key="keys.id", index=True, max_length=32)
    attempts: int = 0
    # The last day that is asked for the key, as in 2027-01-31; empty for no expiry date. None if
    # the version before made the request, which asked for no day. See storage.seals.ADDED_LATER.
    last_day: str | None = Field(default=None, max_length=10)
    # See storage.seals; empty where the version before has written the row.
    seal: bytes | None = Field(default=None, sa_column=Column(LargeBinary(40)))
