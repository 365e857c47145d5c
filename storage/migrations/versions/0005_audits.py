"""Going through all keys: audits, and what was decided; messages that are posted once."""

import sqlalchemy as sa
from alembic import op

from storage.tables.types import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables."""
    op.add_column("accounts", sa.Column("channel_id", sa.String(32), nullable=True))
    op.add_column("live_messages", sa.Column("posting_at", UtcDateTime(), nullable=True))
    op.create_table(
        "audits",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("account_id", sa.String(32), sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("period", sa.String(80), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("started_by", sa.String(200), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("deadline_at", UtcDateTime(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("doubtful", sa.Text(), nullable=False),
        sa.Column("begun_after", sa.Integer(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("reminders", sa.Integer(), nullable=False),
        sa.Column("escalated_at", UtcDateTime(), nullable=True),
        sa.Column("revokes_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.String(200), nullable=True),
        sa.Column("record_hash", sa.String(64), nullable=False),
        sa.Column("ended_hash", sa.String(64), nullable=False),
        sa.Column("filed_at", UtcDateTime(), nullable=True),
        sa.Column("claimed_until", UtcDateTime(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'finished')", name="state"),
        sa.UniqueConstraint("account_id", "period", name="one_audit_per_period"),
    )
    op.create_index(
        "one_audit_at_a_time",
        "audits",
        ["account_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "audit_keys",
        sa.Column("audit_id", sa.String(32), sa.ForeignKey("audits.id"), primary_key=True),
        sa.Column("key_id", sa.String(32), sa.ForeignKey("keys.id"), primary_key=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(32), nullable=True),
        sa.Column("doubts", sa.String(200), nullable=False),
        sa.Column("at_start", sa.Text(), nullable=False),
        sa.Column("at_end", sa.Text(), nullable=False),
        sa.Column("decision", sa.String(16), nullable=False),
        sa.Column("decided_by", sa.String(200), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=True),
    )
    op.create_index("audit_keys_in_order", "audit_keys", ["audit_id", "decision", "position"])
    op.create_index(
        "audit_keys_by_owner", "audit_keys", ["audit_id", "owner", "decision", "position"]
    )
