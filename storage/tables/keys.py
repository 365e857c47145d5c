"""The tables. Rows are plain: what may be done with them is decided in `keys/`.

    accounts ─┬─ installations        the app in a workspace, with its bot's token, sealed
              ├─ keys ─┬─ secrets ─┬─ deliveries
              │        │           └─ secret_uses, daily_uses
              │        └─ rotations       a second secret for a key, and the end of the first
              ├─ access_requests          somebody asks for a key
              ├─ people                   who has left, as far as keys are concerned
              ├─ offboardings ─ offboarding_keys  what has to be done about a leaver's keys
              ├─ audits ─ audit_keys      going through all keys, and what was decided
              ├─ homes                    what stands in whose App Home
              ├─ events                   append-only, chained by hash
              ├─ notices                  the outbox: messages that must follow a change
              ├─ live_messages            messages that follow the state of a thing until it ends
              └─ chores                   when a thing that is done now and then was done last
    peppers                  which pepper made the digests (a fingerprint, never the pepper)
    changes                  what gateways have to forget; written by triggers, see
    storage.change_feed seen                     requests that were taken, and are not taken again
    gateways, confirmations  which gateways run, and what each has forgotten

SQLModel classes with `table=True` do not validate; input is checked before it gets here.
"""

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
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from storage.tables.types import UtcDateTime

LIVE = "state IN ('pending', 'active')"


def _moment(name: str | None = None, *, nullable: bool = True) -> Column[datetime]:
    """A column for a moment; `name` where the column is called otherwise than the attribute."""
    return Column(name, UtcDateTime(), nullable=nullable)


class Account(SQLModel, table=True):
    """One team. `workspace_id` is empty until the bot first connects.

    `channel_id` is where the team was told of something last: settings may name a channel.
    """

    __tablename__ = "accounts"

    id: str = Field(primary_key=True, max_length=32)
    workspace_id: str | None = Field(default=None, unique=True, max_length=32)
    name: str = Field(default="", max_length=200)
    created_at: datetime = Field(sa_column=_moment(nullable=False))
    channel_id: str | None = Field(default=None, max_length=32)


class Installation(SQLModel, table=True):
    """The app as a workspace, or a whole organisation, has installed it; see
    bot.installation.installations.

    `token` is the bot's token, sealed; it is empty once the installation has ended.
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
    installed_at: datetime = Field(sa_column=_moment(nullable=False))
    ended_at: datetime | None = Field(default=None, sa_column=_moment())
    ended_why: str = Field(default="", max_length=40)


class Key(SQLModel, table=True):
    """One key: its name, its people and what became of it. It can have several secrets."""

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
        # By which a key is known again that was imported from another system.
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
    created_at: datetime = Field(sa_column=_moment(nullable=False))
    pending_until: datetime | None = Field(default=None, sa_column=_moment())
    activated_at: datetime | None = Field(default=None, sa_column=_moment())
    expires_at: datetime | None = Field(default=None, sa_column=_moment())
    revoked_at: datetime | None = Field(default=None, sa_column=_moment())
    revoked_by: str | None = Field(default=None, max_length=200)
    revoked_reason: str = Field(default="", sa_column=Column(Text, nullable=False))
    rate_limit: str = Field(
        default="", sa_column=Column(String(40), nullable=False, server_default="")
    )
    networks: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    backup_owner: str | None = Field(default=None, max_length=32, index=True)
    expiry_set_at: datetime | None = Field(default=None, sa_column=_moment())
    expiry_accepted_by: str | None = Field(default=None, max_length=200)
    external_id: str | None = Field(default=None, max_length=100)


class Secret(SQLModel, table=True):
    """One secret of a key, as its digest. The secret itself is nowhere.

    `algorithm` says how the digest was made: `hmac` is our own, under a pepper; the others are of
    keys that were imported, and of what they were made is said in keys.credentials.digests. A
    pending secret verifies for nobody: its token is still on its way.
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
    created_at: datetime = Field(sa_column=_moment(nullable=False))
    ends_at: datetime | None = Field(default=None, sa_column=_moment())
    pending: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, server_default=text("false"))
    )
    imported: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, server_default=text("false"))
    )
    algorithm: str = Field(
        default="hmac", sa_column=Column(String(16), nullable=False, server_default="hmac")
    )


class SecretUse(SQLModel, table=True):
    """When and from where a secret was used last.

    It stands apart from `secrets`, since a change there has every gateway look anew. No foreign
    key: the last uses of a secret that was removed may come in after it.
    """

    __tablename__ = "secret_uses"

    secret_id: str = Field(primary_key=True, max_length=32)
    last_used_at: datetime = Field(sa_column=_moment(nullable=False))
    last_used_from: str = Field(default="", max_length=64)


class DailyUse(SQLModel, table=True):
    """How often a secret was used on one day (UTC)."""

    __tablename__ = "daily_uses"

    secret_id: str = Field(primary_key=True, max_length=32)
    day: date = Field(primary_key=True)
    count: int


class Delivery(SQLModel, table=True):
    """A token that was handed to a person, and when it has to go from there again."""

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
    created_at: datetime = Field(sa_column=_moment(nullable=False))
    sent_at: datetime | None = Field(default=None, sa_column=_moment())
    remove_at: datetime | None = Field(default=None, sa_column=_moment())
    removed_at: datetime | None = Field(default=None, sa_column=_moment())
    claimed_until: datetime | None = Field(default=None, sa_column=_moment())
    attempts: int = 0
    method: str = Field(
        default="dm", sa_column=Column("how", String(8), nullable=False, server_default="dm")
    )


class Rotation(SQLModel, table=True):
    """A key gets another secret, and the ones before it end."""

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
    created_at: datetime = Field(sa_column=_moment(nullable=False))
    pending_until: datetime | None = Field(default=None, sa_column=_moment())
    started_at: datetime | None = Field(default=None, sa_column=_moment())
    ends_at: datetime | None = Field(default=None, sa_column=_moment())
    warned_at: datetime | None = Field(default=None, sa_column=_moment())
    ended_at: datetime | None = Field(default=None, sa_column=_moment())
    ended_by: str | None = Field(default=None, max_length=200)


class AccessRequest(SQLModel, table=True):
    """Somebody who is no admin asks for a key."""

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
    created_at: datetime = Field(sa_column=_moment(nullable=False))
    closes_at: datetime = Field(sa_column=_moment(nullable=False))
    decided_by: str | None = Field(default=None, max_length=200)
    decided_at: datetime | None = Field(default=None, sa_column=_moment())
    decision_reason: str = Field(default="", sa_column=Column(Text, nullable=False))
    key_id: str | None = Field(default=None, foreign_key="keys.id", index=True, max_length=32)
    attempts: int = 0


class Departure(SQLModel, table=True):
    """A person who has to do with keys: whether Slack said that they have left.

    `why` is `deactivated` or `guest` as long as `gone_since` is set.
    """

    __tablename__ = "people"

    account_id: str = Field(primary_key=True, foreign_key="accounts.id", max_length=32)
    user_id: str = Field(primary_key=True, max_length=32)
    asked_at: datetime | None = Field(default=None, sa_column=_moment())
    departed_at: datetime | None = Field(default=None, sa_column=_moment("gone_since"))
    returned_at: datetime | None = Field(default=None, sa_column=_moment())
    why: str = Field(default="", max_length=16)


class Offboarding(SQLModel, table=True):
    """The keys of a person who leaves are gone through; see keys.offboarding.offboarding."""

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
    created_at: datetime = Field(sa_column=_moment(nullable=False))
    ended_at: datetime | None = Field(default=None, sa_column=_moment())
    ended_by: str | None = Field(default=None, max_length=200)
    last_seq: int = Field(default=0, sa_column_kwargs={"name": "seen"})


class OffboardingKey(SQLModel, table=True):
    """One key of a leaver: what they have to do with it, and what became of it.

    `wanted` is what was asked of all keys at once and is still to be done with this one.
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
    outcome_at: datetime | None = Field(default=None, sa_column=_moment())
    action: str = Field(default="", max_length=16, sa_column_kwargs={"name": "wanted"})
    action_requested_by: str | None = Field(
        default=None, max_length=200, sa_column_kwargs={"name": "wanted_by"}
    )
    action_recipient: str | None = Field(
        default=None, max_length=32, sa_column_kwargs={"name": "wanted_for"}
    )
    action_requested_at: datetime | None = Field(default=None, sa_column=_moment("wanted_at"))
    claimed_until: datetime | None = Field(default=None, sa_column=_moment())
    problem: str = Field(default="", sa_column=Column(Text, nullable=False))


class Review(SQLModel, table=True):
    """Going through all keys once; see keys.reviews.lifecycle.

    `period` names what has begun it: a moment of the schedule, or somebody's wish. There is one
    audit for each, whoever begins it and however often.
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
    created_at: datetime = Field(sa_column=_moment(nullable=False))
    deadline_at: datetime = Field(sa_column=_moment(nullable=False))
    total: int
    flagged: str = Field(sa_column=Column("doubtful", Text, nullable=False))
    starts_after_seq: int = Field(sa_column_kwargs={"name": "begun_after"})
    last_seq: int = Field(sa_column_kwargs={"name": "seen"})
    reminders: int = 0
    escalated_at: datetime | None = Field(default=None, sa_column=_moment())
    revokes_at: datetime | None = Field(default=None, sa_column=_moment())
    ended_at: datetime | None = Field(default=None, sa_column=_moment())
    ended_by: str | None = Field(default=None, max_length=200)
    audit_log_hash_at_start: str = Field(max_length=64, sa_column_kwargs={"name": "record_hash"})
    audit_log_hash_at_end: str = Field(
        default="", max_length=64, sa_column_kwargs={"name": "ended_hash"}
    )
    evidence_posted_at: datetime | None = Field(default=None, sa_column=_moment("filed_at"))
    claimed_until: datetime | None = Field(default=None, sa_column=_moment())


class ReviewKey(SQLModel, table=True):
    """One key in an audit: as it was at the start, what was decided, and as it was at the end."""

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
    decided_at: datetime | None = Field(default=None, sa_column=_moment())
    reason: str = Field(default="", sa_column=Column(Text, nullable=False))
    asked_at: datetime | None = Field(default=None, sa_column=_moment())


class Home(SQLModel, table=True):
    """What stands in a person's App Home, so that it can be redrawn when keys change."""

    __tablename__ = "homes"

    account_id: str = Field(primary_key=True, foreign_key="accounts.id", max_length=32)
    user_id: str = Field(primary_key=True, max_length=32)
    state: str = Field(sa_column=Column("shown", Text, nullable=False))
    view_hash: str = Field(default="", max_length=100)
    rendered_hash: str = Field(default="", max_length=64, sa_column_kwargs={"name": "drawn"})
    opened_at: datetime = Field(sa_column=_moment(nullable=False))
    last_seq: int = Field(default=0, sa_column_kwargs={"name": "seen"})
    claimed_until: datetime | None = Field(default=None, sa_column=_moment())


class ProcessedRequest(SQLModel, table=True):
    """A request that was taken: it is not taken again. Kept as long as it could be replayed."""

    __tablename__ = "seen"

    id: str = Field(primary_key=True, max_length=80)
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False, index=True))


class PeriodicJob(SQLModel, table=True):
    """When something that is done now and then, by one bot for all, was done last."""

    __tablename__ = "chores"

    account_id: str = Field(primary_key=True, foreign_key="accounts.id", max_length=32)
    name: str = Field(primary_key=True, max_length=40)
    done_at: datetime = Field(sa_column=_moment(nullable=False))


class Event(SQLModel, table=True):
    """One thing that happened. Rows are appended and never edited: triggers refuse it."""

    __tablename__ = "events"
    __table_args__ = (UniqueConstraint("account_id", "seq", name="one_event_per_place"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: str = Field(foreign_key="accounts.id", max_length=32)
    seq: int
    at: datetime = Field(sa_column=_moment(nullable=False))
    kind: str = Field(max_length=40)
    actor: str = Field(max_length=200)
    key_id: str | None = Field(default=None, index=True, max_length=32)
    data: str = Field(sa_column=Column(Text, nullable=False))
    previous: str = Field(max_length=64)
    hash: str = Field(max_length=64)
    # Leads to the log, and proves nothing: it is not part of the hash.
    trace_id: str | None = Field(
        default=None, max_length=12, sa_column_kwargs={"name": "request_id"}
    )


class OutboxRow(SQLModel, table=True):
    """A message that must follow a change, kept until it was said."""

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
    created_at: datetime = Field(sa_column=_moment(nullable=False))
    due_at: datetime = Field(sa_column=_moment(nullable=False))
    attempts: int = 0
    claimed_until: datetime | None = Field(default=None, sa_column=_moment())
    closed_at: datetime | None = Field(default=None, sa_column=_moment())
    outcome: str = Field(default="", max_length=200)
    trace_id: str | None = Field(
        default=None, max_length=12, sa_column_kwargs={"name": "request_id"}
    )


class Pepper(SQLModel, table=True):
    """Which pepper a version number stands for: a fingerprint, so that a wrong one is noticed."""

    __tablename__ = "peppers"

    version: int = Field(primary_key=True)
    fingerprint: str = Field(max_length=64)
    created_at: datetime = Field(sa_column=_moment(nullable=False))


class ChangeRow(SQLModel, table=True):
    """One thing that gateways have to forget: a key, a token, or (both empty) everything.

    Triggers write it, whoever changes a row and however; only a fence is added by hand.
    """

    __tablename__ = "changes"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int | None = Field(default=None, primary_key=True)
    key_id: str | None = Field(default=None, max_length=32)
    public_id: str | None = Field(default=None, max_length=16)
    fence: str | None = Field(default=None, max_length=32)


class Gateway(SQLModel, table=True):
    """A gateway process that runs, or ran."""

    __tablename__ = "gateways"

    id: str = Field(primary_key=True, max_length=32)
    name: str = Field(max_length=200)
    started_at: datetime = Field(sa_column=_moment(nullable=False))
    seen_at: datetime = Field(sa_column=_moment(nullable=False))
    stopped_at: datetime | None = Field(default=None, sa_column=_moment())


class Confirmation(SQLModel, table=True):
    """A gateway has applied every change up to a fence."""

    __tablename__ = "confirmations"

    fence: str = Field(primary_key=True, max_length=32)
    gateway_id: str = Field(primary_key=True, max_length=32)
    at: datetime = Field(sa_column=_moment(nullable=False))


class LiveMessageRow(SQLModel, table=True):
    """A message that follows the state of a thing; see keys.changes.live_messages."""

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
    created_at: datetime = Field(sa_column=_moment(nullable=False))
    due_at: datetime = Field(sa_column=_moment(nullable=False))
    claimed_until: datetime | None = Field(default=None, sa_column=_moment())
    attempts: int = 0
    posting_at: datetime | None = Field(default=None, sa_column=_moment())
    closed_at: datetime | None = Field(default=None, sa_column=_moment())
