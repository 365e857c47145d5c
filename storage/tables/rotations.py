"""Rotations of keys."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    Column,
    Index,
    LargeBinary,
    text,
)
from sqlmodel import Field, SQLModel

from storage.tables.columns import datetime_column


class Rotation(SQLModel, table=True):
    """A rotation: a key gets another secret, and the earlier ones end."""

    __tablename__ = "rotations"
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'running', 'ended', 'abandoned')", name="state"),
        Index(
            "one_rotation_at_a_time",
            "key_id",
            unique=True,
            sqlite_where=text("state IN ('pending', 'running')"),
            postgresql_where=text("state IN ('pending', 'running')"),
        ),
        Index("rotations_by_state", "account_id", "state"),
    )

    id: str = Field(primary_key=True, max_length=32)
    account_id: str = Field(foreign_key="accounts.id", max_length=32)
    key_id: str = Field(foreign_key="keys.id", index=True, max_length=32)
    secret_id: str = Field(foreign_key="secrets.id", max_length=32)
    delivery_id: str = Field(foreign_key="deliveries.id", max_length=32)
    idempotency_key: str = Field(
        unique=True, max_length=64, sa_column_kwargs={"name": "request_id"}
    )
    state: str = Field(max_length=16)
    grace_seconds: int
    started_by: str = Field(max_length=200)
    created_at: datetime = Field(sa_column=datetime_column(nullable=False))
    pending_until: datetime | None = Field(default=None, sa_column=datetime_column())
    started_at: datetime | None = Field(default=None, sa_column=datetime_column())
    ends_at: datetime | None = Field(default=None, sa_column=datetime_column())
    warned_at: datetime | None = Field(default=None, sa_column=datetime_column())
    ended_at: datetime | None = Field(default=None, sa_column=datetime_column())
    ended_by: str | None = Field(default=None, max_length=200)
    # See storage.seals; empty where the version before has written the row.
    seal: bytes | None = Field(default=None, sa_column=Column(LargeBinary(40)))
