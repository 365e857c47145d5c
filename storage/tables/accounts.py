"""Accounts, one for each team, and their installations of the app."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    Column,
    LargeBinary,
    Text,
)
from sqlmodel import Field, SQLModel

from storage.tables.columns import datetime_column


class Account(SQLModel, table=True):
    """One team. `workspace_id` is empty until the bot first connects.

    `channel_id` is the channel last posted to: the settings may have a channel's name instead.
    """

    __tablename__ = "accounts"

    id: str = Field(primary_key=True, max_length=32)
    workspace_id: str | None = Field(default=None, unique=True, max_length=32)
    name: str = Field(default="", max_length=200)
    created_at: datetime = Field(sa_column=datetime_column(nullable=False))
    channel_id: str | None = Field(default=None, max_length=32)
    # See storage.seals; empty where the version before has written the row.
    seal: bytes | None = Field(default=None, sa_column=Column(LargeBinary(40)))


class Installation(SQLModel, table=True):
    """An installation by a workspace or an organisation; see bot.installation.installations.

    `token` is the bot's encrypted token; it is empty once the app was uninstalled.
    """

    __tablename__ = "installations"

    account_id: str = Field(primary_key=True, foreign_key="accounts.id", max_length=32)
    team_id: str | None = Field(default=None, max_length=32)
    enterprise_id: str | None = Field(default=None, max_length=32)
    org_wide: bool
    bot_id: str = Field(max_length=32)
    bot_user_id: str = Field(max_length=32)
    scopes: str = Field(sa_column=Column(Text, nullable=False))
    token: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    installed_by: str = Field(max_length=32)
    installed_at: datetime = Field(sa_column=datetime_column(nullable=False))
    ended_at: datetime | None = Field(default=None, sa_column=datetime_column())
    ended_why: str = Field(default="", max_length=40)
