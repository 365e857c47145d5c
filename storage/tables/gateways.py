"""Gateways, and the changes that they apply."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from storage.tables.columns import datetime_column


class ChangeRow(SQLModel, table=True):
    """What gateways drop from their caches: a key, a token, or (both empty) everything.

    Triggers write a row for every change; only fences are added by the program.
    """

    __tablename__ = "changes"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int | None = Field(default=None, primary_key=True)
    key_id: str | None = Field(default=None, max_length=32)
    public_id: str | None = Field(default=None, max_length=16)
    fence: str | None = Field(default=None, max_length=32)


class Gateway(SQLModel, table=True):
    """A gateway process, running or stopped."""

    __tablename__ = "gateways"

    id: str = Field(primary_key=True, max_length=32)
    name: str = Field(max_length=200)
    started_at: datetime = Field(sa_column=datetime_column(nullable=False))
    seen_at: datetime = Field(sa_column=datetime_column(nullable=False))
    stopped_at: datetime | None = Field(default=None, sa_column=datetime_column())


class Confirmation(SQLModel, table=True):
    """A gateway's confirmation that it has applied every change before a fence."""

    __tablename__ = "confirmations"

    fence: str = Field(primary_key=True, max_length=32)
    gateway_id: str = Field(primary_key=True, max_length=32)
    at: datetime = Field(sa_column=datetime_column(nullable=False))
