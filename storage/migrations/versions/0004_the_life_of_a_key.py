"""The life of a key: rotations, requests, imported digests, leavers, App Homes."""

import sqlalchemy as sa
from alembic import op

from storage.tables.types import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds columns with defaults, so that no row has to be rewritten, and makes the tables."""
    _columns()
    _rotations()
    _access_requests()
    _leavers()
    _homes_and_chores()


def _columns() -> None:
    op.add_column("keys", sa.Column("backup_owner", sa.String(32), nullable=True))
    op.add_column("keys", sa.Column("expiry_accepted_by", sa.String(200), nullable=True))
    op.add_column("keys", sa.Column("expiry_set_at", UtcDateTime(), nullable=True))
    op.add_column("keys", sa.Column("external_id", sa.String(100), nullable=True))
    op.create_index("ix_keys_backup_owner", "keys", ["backup_owner"])
    op.create_index("ix_keys_creator", "keys", ["creator"])
    op.create_index("ix_deliveries_recipient", "deliveries", ["recipient"])
    op.create_index(
        "one_key_per_external_id",
        "keys",
        ["account_id", "external_id"],
        unique=True,
        sqlite_where=sa.text("external_id IS NOT NULL"),
        postgresql_where=sa.text("external_id IS NOT NULL"),
    )
    op.create_index("keys_by_expiry", "keys", ["account_id", "expires_at"])
    for name in ("pending", "imported"):
        op.add_column(
            "secrets",
            sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.text("false")),
        )
    op.add_column(
        "secrets", sa.Column("algorithm", sa.String(16), nullable=False, server_default="hmac")
    )
    op.create_index(
        "imported_digests",
        "secrets",
        ["digest"],
        sqlite_where=sa.text("imported"),
        postgresql_where=sa.text("imported"),
    )
    op.add_column("deliveries", sa.Column("how", sa.String(8), nullable=False, server_default="dm"))


def _account() -> "sa.Column[str]":
    return sa.Column("account_id", sa.String(32), sa.ForeignKey("accounts.id"), nullable=False)


def _rotations() -> None:
    op.create_table(
        "rotations",
        sa.Column("id", sa.String(32), primary_key=True),
        _account(),
        sa.Column("key_id", sa.String(32), sa.ForeignKey("keys.id"), nullable=False),
        sa.Column("secret_id", sa.String(32), sa.ForeignKey("secrets.id"), nullable=False),
        sa.Column("delivery_id", sa.String(32), sa.ForeignKey("deliveries.id"), nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False, unique=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("grace_seconds", sa.Integer(), nullable=False),
        sa.Column("started_by", sa.String(200), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("pending_until", UtcDateTime(), nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("ends_at", UtcDateTime(), nullable=True),
        sa.Column("warned_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.String(200), nullable=True),
        sa.CheckConstraint("state IN ('pending', 'running', 'ended', 'abandoned')", name="state"),
    )
    op.create_index("ix_rotations_key_id", "rotations", ["key_id"])
    op.create_index("rotations_by_state", "rotations", ["account_id", "state"])
    op.create_index(
        "one_rotation_at_a_time",
        "rotations",
        ["key_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('pending', 'running')"),
        postgresql_where=sa.text("state IN ('pending', 'running')"),
    )


def _access_requests() -> None:
    op.create_table(
        "access_requests",
        sa.Column("id", sa.String(32), primary_key=True),
        _account(),
        sa.Column("submission", sa.String(64), nullable=False, unique=True),
        sa.Column("requester", sa.String(32), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("scopes", sa.String(100), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("closes_at", UtcDateTime(), nullable=False),
        sa.Column("decided_by", sa.String(200), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=False),
        sa.Column("key_id", sa.String(32), sa.ForeignKey("keys.id"), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'granting', 'granted', 'denied', 'closed')", name="state"
        ),
    )
    op.create_index("ix_access_requests_key_id", "access_requests", ["key_id"])
    op.create_index("requests_by_state", "access_requests", ["account_id", "state", "closes_at"])


def _leavers() -> None:
    op.create_table(
        "people",
        sa.Column("account_id", sa.String(32), sa.ForeignKey("accounts.id"), primary_key=True),
        sa.Column("user_id", sa.String(32), primary_key=True),
        sa.Column("asked_at", UtcDateTime(), nullable=True),
        sa.Column("gone_since", UtcDateTime(), nullable=True),
        sa.Column("returned_at", UtcDateTime(), nullable=True),
        sa.Column("why", sa.String(16), nullable=False),
    )
    op.create_table(
        "offboardings",
        sa.Column("id", sa.String(32), primary_key=True),
        _account(),
        sa.Column("person", sa.String(32), nullable=False),
        sa.Column("why", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("started_by", sa.String(200), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.String(200), nullable=True),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'finished', 'closed')", name="state"),
    )
    op.create_index(
        "one_offboarding_at_a_time",
        "offboardings",
        ["account_id", "person"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "offboarding_keys",
        sa.Column(
            "offboarding_id", sa.String(32), sa.ForeignKey("offboardings.id"), primary_key=True
        ),
        sa.Column("key_id", sa.String(32), sa.ForeignKey("keys.id"), primary_key=True),
        _account(),
        sa.Column("created", sa.Boolean(), nullable=False),
        sa.Column("owned", sa.Boolean(), nullable=False),
        sa.Column("sent", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("outcome_by", sa.String(200), nullable=True),
        sa.Column("outcome_at", UtcDateTime(), nullable=True),
        sa.Column("wanted", sa.String(16), nullable=False),
        sa.Column("wanted_by", sa.String(200), nullable=True),
        sa.Column("wanted_for", sa.String(32), nullable=True),
        sa.Column("wanted_at", UtcDateTime(), nullable=True),
        sa.Column("claimed_until", UtcDateTime(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
    )
    op.create_index(
        "offboarding_work",
        "offboarding_keys",
        ["account_id"],
        sqlite_where=sa.text("wanted <> ''"),
        postgresql_where=sa.text("wanted <> ''"),
    )


def _homes_and_chores() -> None:
    op.create_table(
        "homes",
        sa.Column("account_id", sa.String(32), sa.ForeignKey("accounts.id"), primary_key=True),
        sa.Column("user_id", sa.String(32), primary_key=True),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("view_hash", sa.String(100), nullable=False),
        sa.Column("drawn", sa.String(64), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("claimed_until", UtcDateTime(), nullable=True),
    )
    op.create_table(
        "chores",
        sa.Column("account_id", sa.String(32), sa.ForeignKey("accounts.id"), primary_key=True),
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("done_at", UtcDateTime(), nullable=False),
    )
