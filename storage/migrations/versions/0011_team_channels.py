"""The team's channel by its id, and what is wrong with it."""

import sqlalchemy as sa
from alembic import op

from storage.tables.types import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the table; the channel last posted to stays known, though not for which setting."""
    op.create_table(
        "team_channels",
        sa.Column("account_id", sa.String(32), sa.ForeignKey("accounts.id"), primary_key=True),
        sa.Column("channel_id", sa.String(32)),
        sa.Column("setting", sa.String(100), nullable=False),
        sa.Column("fault", sa.String(40), nullable=False),
        sa.Column("lost_at", UtcDateTime()),
        sa.Column("next_try_at", UtcDateTime()),
        sa.Column("reminded_at", UtcDateTime()),
        sa.Column("reminders", sa.Integer(), nullable=False),
    )
    op.execute(
        "INSERT INTO team_channels (account_id, channel_id, setting, fault, reminders) "
        "SELECT id, channel_id, '', '', 0 FROM accounts WHERE channel_id IS NOT NULL"
    )
