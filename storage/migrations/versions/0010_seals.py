"""Seals on the rows that decide, revisions of keys, and triggers that refuse what has no seal."""

import sqlalchemy as sa
from alembic import context, op

from storage.schema import require_nothing_to_seal
from storage.seal_triggers import seal_triggers
from storage.seals import SEAL_MAX, SEALED
from storage.triggers import without_triggers

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ENDED = "kind IN ('key.revoked', 'key.abandoned')"


def upgrade() -> None:
    """Adds the columns, seals what there is, and has the database refuse what is not sealed.

    Raises:
        SealerMissing: if there are rows to seal, and it was not said how (storage.schema.upgrade).
    """
    connection = op.get_bind()
    for table in SEALED.values():
        op.add_column(table.name, sa.Column("seal", sa.LargeBinary(SEAL_MAX), nullable=True))
    for name in ("keys", "secrets"):
        op.add_column(name, sa.Column("revision", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("events", sa.Column("revision", sa.Integer(), nullable=True))
    op.create_index("events_by_revision", "events", ["key_id", "revision"])
    op.create_index(
        "events_that_end",
        "events",
        ["key_id"],
        sqlite_where=sa.text(_ENDED),
        postgresql_where=sa.text(_ENDED),
    )
    with without_triggers(connection):
        context.config.attributes.get("seal_rows", require_nothing_to_seal)(connection)
    # The digests of imported keys have changed, so gateways drop what they hold.
    op.execute("INSERT INTO changes (key_id) VALUES (NULL)")
    _let_entries_be_sealed_again(connection.dialect.name)
    for statement in seal_triggers(connection.dialect.name):
        op.execute(statement)


def _let_entries_be_sealed_again(dialect: str) -> None:
    """Entries are appended and never edited, but for their seals: the pepper can be replaced."""
    columns = ("id", "account_id", "seq", "at", "kind", "actor", "key_id", "data", "previous")
    differs = "IS DISTINCT FROM" if dialect == "postgresql" else "IS NOT"
    edited = " OR ".join(
        f"NEW.{name} {differs} OLD.{name}" for name in (*columns, "hash", "request_id", "revision")
    )
    if dialect == "postgresql":
        op.execute("DROP TRIGGER events_append_only ON events")
        op.execute(
            "CREATE TRIGGER events_not_truncated BEFORE TRUNCATE ON events "
            "FOR EACH STATEMENT EXECUTE FUNCTION events_refuse()"
        )
        op.execute(
            "CREATE FUNCTION events_refuse_edits() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF TG_OP = 'DELETE' OR {edited} THEN "
            "RAISE EXCEPTION 'events are appended and never edited'; END IF; RETURN NEW; END $$"
        )
        op.execute(
            "CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE ON events "
            "FOR EACH ROW EXECUTE FUNCTION events_refuse_edits()"
        )
        return
    op.execute("DROP TRIGGER events_no_update")
    op.execute(
        f"CREATE TRIGGER events_no_update BEFORE UPDATE ON events WHEN {edited} "
        "BEGIN SELECT RAISE(ABORT, 'events are appended and never edited'); END"
    )
