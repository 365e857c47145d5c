"""Keys and their secrets, with their uses."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Index,
    LargeBinary,
    String,
    Text,
    text,
)
from sqlmodel import Field, SQLModel

from storage.tables.columns import datetime_column

LIVE = "state IN ('pending', 'active')"


class Key(SQLModel, table=True):
    """One key: its name, people, limits and state. It can have several secrets."""

    __tablename__ = "keys"
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'active', 'revoked', 'abandoned')", name="state"),
        Index(
            "one_live_key_per_name",
            "account_id",
            "name_folded",
            unique=True,
            sqlite_where=text(LIVE),
            postgresql_where=text(LIVE),
        ),
        Index("keys_in_order", "account_id", "state", "name_folded", "id"),
        Index("keys_by_expiry", "account_id", "expires_at"),
        # By which a key that was imported from another system is recognized.
        Index(
            "one_key_per_external_id",
            "account_id",
            "external_id",
            unique=True,
            sqlite_where=text("external_id IS NOT NULL"),
            postgresql_where=text("external_id IS NOT NULL"),
        ),
    )

    id: str = Field(primary_key=True, max_length=32)
    account_id: str = Field(foreign_key="accounts.id", max_length=32)
    state: str = Field(max_length=16)
    name: str = Field(max_length=80)
    name_folded: str = Field(max_length=240)
    search: str = Field(sa_column=Column(Text, nullable=False))
    scopes: str = Field(max_length=100)
    owner: str | None = Field(default=None, max_length=32, index=True)
    creator: str = Field(max_length=200, index=True)
    note: str = Field(default="", sa_column=Column(Text, nullable=False))
    idempotency_key: str = Field(
        unique=True, max_length=64, sa_column_kwargs={"name": "request_id"}
    )
    created_at: datetime = Field(sa_column=datetime_column(nullable=False))
    pending_until: datetime | None = Field(default=None, sa_column=datetime_column())
    activated_at: datetime | None = Field(default=None, sa_column=datetime_column())
    expires_at: datetime | None = Field(default=None, sa_column=datetime_column())
    revoked_at: datetime | None = Field(default=None, sa_column=datetime_column())
    revoked_by: str | None = Field(default=None, max_length=200)
    revoked_reason: str = Field(default="", sa_column=Column(Text, nullable=False))
    rate_limit: str = Field(
        default="", sa_column=Column(String(40), nullable=False, server_default="")
    )
    networks: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    backup_owner: str | None = Field(default=None, max_length=32, index=True)
    expiry_set_at: datetime | None = Field(default=None, sa_column=datetime_column())
    expiry_accepted_by: str | None = Field(default=None, max_length=200)
    external_id: str | None = Field(default=None, max_length=100)
    # How often it, or a secret of it, has changed; the audit log knows the newest (storage.seals).
    revision: int = 0
    # See storage.seals; empty where the version before has written the row.
    seal: bytes | None = Field(default=None, sa_column=Column(LargeBinary(40)))


class Secret(SQLModel, table=True):
    """One secret of a key, as its digest; the secret itself is not stored.

    `algorithm` is the digest's algorithm: `hmac` is our own, under a pepper; the others are those
    of imported keys, see keys.credentials.digests. A pending secret is always refused: its token
    has not been delivered yet.
    """

    __tablename__ = "secrets"
    __table_args__ = (
        Index(
            "imported_digests",
            "digest",
            sqlite_where=text("imported"),
            postgresql_where=text("imported"),
        ),
    )

    id: str = Field(primary_key=True, max_length=32)
    account_id: str = Field(foreign_key="accounts.id", max_length=32)
    key_id: str = Field(foreign_key="keys.id", index=True, max_length=32)
    public_id: str = Field(unique=True, max_length=16)
    digest: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))
    pepper_version: int
    hint: str = Field(max_length=40)
    created_at: datetime = Field(sa_column=datetime_column(nullable=False))
    ends_at: datetime | None = Field(default=None, sa_column=datetime_column())
    pending: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, server_default=text("false"))
    )
    imported: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, server_default=text("false"))
    )
    algorithm: str = Field(
        default="hmac", sa_column=Column(String(16), nullable=False, server_default="hmac")
    )
    # How often it, or a secret of it, has changed; the audit log knows the newest (storage.seals).
    revision: int = 0
    # See storage.seals; empty where the version before has written the row.
    seal: bytes | None = Field(default=None, sa_column=Column(LargeBinary(40)))


class SecretUse(SQLModel, table=True):
    """When and from where a secret was last used.

    It is separate from `secrets`, where a change makes every gateway read the secret again. There
    is no foreign key, since uses of a deleted secret may arrive late.
    """

    __tablename__ = "secret_uses"

    secret_id: str = Field(primary_key=True, max_length=32)
    last_used_at: datetime = Field(sa_column=datetime_column(nullable=False))
    last_used_from: str = Field(default="", max_length=64)


class DailyUse(SQLModel, table=True):
    """The number of uses of a secret on one day (UTC)."""

    __tablename__ = "daily_uses"

    secret_id: str = Field(primary_key=True, max_length=32)
    day: date = Field(primary_key=True)
    count: int


class Pepper(SQLModel, table=True):
    """The fingerprint of a version of the pepper, so that a wrong one is noticed."""

    __tablename__ = "peppers"

    version: int = Field(primary_key=True)
    fingerprint: str = Field(max_length=64)
    created_at: datetime = Field(sa_column=datetime_column(nullable=False))
