"""Deliveries of tokens."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    Column,
    Index,
    LargeBinary,
    String,
    text,
)
from sqlmodel import Field, SQLModel

from storage.tables.columns import datetime_column


class Delivery(SQLModel, table=True):
    """A token's delivery to a person, and when the token is removed from its message."""

    __tablename__ = "deliveries"
    __table_args__ = (
        Index(
            "deliveries_to_remove",
            "remove_at",
            sqlite_where=text("removed_at IS NULL"),
            postgresql_where=text("removed_at IS NULL"),
        ),
    )

    id: str = Field(primary_key=True, max_length=32)
    account_id: str = Field(foreign_key="accounts.id", max_length=32)
    key_id: str = Field(foreign_key="keys.id", index=True, max_length=32)
    secret_id: str = Field(foreign_key="secrets.id", max_length=32)
    recipient: str = Field(max_length=200, index=True)
    channel_id: str | None = Field(default=None, max_length=32, sa_column_kwargs={"name": "place"})
    message: str | None = Field(default=None, max_length=32)
    created_at: datetime = Field(sa_column=datetime_column(nullable=False))
    sent_at: datetime | None = Field(default=None, sa_column=datetime_column())
    remove_at: datetime | None = Field(default=None, sa_column=datetime_column())
    removed_at: datetime | None = Field(default=None, sa_column=datetime_column())
    claimed_until: datetime | None = Field(default=None, sa_column=datetime_column())
    attempts: int = 0
    method: str = Field(
        default="dm", sa_column=Column("how", String(8), nullable=False, server_default="dm")
    )
    # See storage.seals; empty where the version before has written the row.
    seal: bytes | None = Field(default=None, sa_column=Column(LargeBinary(40)))
