"""Requests that were taken, and are not taken again."""

import sqlalchemy as sa
from alembic import op

from storage.tables.types import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "seen",
        sa.Column("id", sa.String(80), primary_key=True),
        sa.Column("at", UtcDateTime(), nullable=False),
    )
    op.create_index("ix_seen_at", "seen", ["at"])
