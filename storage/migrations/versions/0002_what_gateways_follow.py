"""What gateways follow: changes, confirmations, limits on keys, and uses counted by the day."""

import sqlalchemy as sa
from alembic import op

from storage.tables.types import UtcDateTime
from storage.triggers import triggers

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables, moves what is known of uses into its own, and adds the triggers."""
    _limits()
    _uses()
    _following()
    for statement in triggers(op.get_bind().dialect.name):
        op.execute(statement)


def _limits() -> None:
    op.add_column("keys", sa.Column("rate_limit", sa.String(40), nullable=False, server_default=""))
    op.add_column("keys", sa.Column("networks", sa.Text(), nullable=False, server_default=""))


def _uses() -> None:
    op.create_table(
        "secret_uses",
        sa.Column("secret_id", sa.String(32), primary_key=True),
        sa.Column("last_used_at", UtcDateTime(), nullable=False),
        sa.Column("last_used_from", sa.String(64), nullable=False),
    )
    op.execute(
        "INSERT INTO secret_uses (secret_id, last_used_at, last_used_from) "
        "SELECT id, last_used_at, coalesce(last_used_from, '') FROM secrets "
        "WHERE last_used_at IS NOT NULL"
    )
    op.create_table(
        "daily_uses",
        sa.Column("secret_id", sa.String(32), primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("count", sa.Integer(), nullable=False),
    )
    op.drop_column("secrets", "last_used_at")
    op.drop_column("secrets", "last_used_from")


def _following() -> None:
    op.create_table(
        "changes",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("key_id", sa.String(32), nullable=True),
        sa.Column("public_id", sa.String(16), nullable=True),
        sa.Column("fence", sa.String(32), nullable=True),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "gateways",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("stopped_at", UtcDateTime(), nullable=True),
    )
    op.create_table(
        "confirmations",
        sa.Column("fence", sa.String(32), primary_key=True),
        sa.Column("gateway_id", sa.String(32), primary_key=True),
        sa.Column("at", UtcDateTime(), nullable=False),
    )
