"""The last day that a request proposes for its key."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the column, empty: a seal covers it only where it has a value (storage.seals)."""
    op.add_column("access_requests", sa.Column("last_day", sa.String(10), nullable=True))
