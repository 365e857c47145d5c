"""Which request a change came from: leads from the record to the log."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the columns. Programs of the version before leave them empty."""
    op.add_column("events", sa.Column("request_id", sa.String(12)))
    op.add_column("notices", sa.Column("request_id", sa.String(12)))
