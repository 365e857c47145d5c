"""A finished audit and its keys are never edited."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# Only what posting the evidence writes may change: `filed_at` and `claimed_until`.
_FROZEN = (
    "id, account_id, period, state, started_by, created_at, deadline_at, total, doubtful, "
    "begun_after, seen, reminders, escalated_at, revokes_at, ended_at, ended_by, record_hash, "
    "ended_hash"
)
_AUDITS = {
    "update": f"UPDATE OF {_FROZEN}",
    "delete": "DELETE",
}
_SQLITE_AUDITS = """
CREATE TRIGGER audits_finished_no_{verb} BEFORE {event} ON audits WHEN OLD.state = 'finished'
BEGIN SELECT RAISE(ABORT, 'a finished audit is never edited'); END
"""
# REPLACE deletes the row that is in the way without calling the trigger for DELETE.
_SQLITE_REPLACED = """
CREATE TRIGGER audits_finished_no_replace BEFORE INSERT ON audits
WHEN EXISTS (
    SELECT 1 FROM audits WHERE state = 'finished' AND (
        id = NEW.id OR (account_id = NEW.account_id AND period = NEW.period)
    )
)
BEGIN SELECT RAISE(ABORT, 'a finished audit is never edited'); END
"""
_ROWS = {"insert": "NEW.audit_id", "update": "OLD.audit_id, NEW.audit_id", "delete": "OLD.audit_id"}
_SQLITE_KEYS = """
CREATE TRIGGER audit_keys_finished_no_{verb} BEFORE {verb} ON audit_keys
WHEN EXISTS (SELECT 1 FROM audits WHERE id IN ({ids}) AND state = 'finished')
BEGIN SELECT RAISE(ABORT, 'a finished audit is never edited'); END
"""
_POSTGRESQL = """
CREATE FUNCTION finished_audits_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'a finished audit is never edited'; END $$;
CREATE TRIGGER audits_finished BEFORE UPDATE OF {frozen} ON audits
FOR EACH ROW WHEN (OLD.state = 'finished') EXECUTE FUNCTION finished_audits_refuse();
CREATE TRIGGER audits_finished_no_delete BEFORE DELETE ON audits
FOR EACH ROW WHEN (OLD.state = 'finished') EXECUTE FUNCTION finished_audits_refuse();

CREATE FUNCTION finished_audit_keys_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND EXISTS (
        SELECT 1 FROM audits WHERE id = OLD.audit_id AND state = 'finished'
    ) OR TG_OP <> 'DELETE' AND EXISTS (
        SELECT 1 FROM audits WHERE id = NEW.audit_id AND state = 'finished'
    ) THEN
        RAISE EXCEPTION 'a finished audit is never edited';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER audit_keys_finished BEFORE INSERT OR UPDATE OR DELETE ON audit_keys
FOR EACH ROW EXECUTE FUNCTION finished_audit_keys_refuse();

CREATE FUNCTION truncating_audits_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM audits WHERE state = 'finished') THEN
        RAISE EXCEPTION 'a finished audit is never edited';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER audits_finished_no_truncate BEFORE TRUNCATE ON audits
FOR EACH STATEMENT EXECUTE FUNCTION truncating_audits_refuse();
CREATE TRIGGER audit_keys_finished_no_truncate BEFORE TRUNCATE ON audit_keys
FOR EACH STATEMENT EXECUTE FUNCTION truncating_audits_refuse();
"""


def upgrade() -> None:
    """Adds the triggers; what evidence shows of a finished audit stays as it was signed."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_POSTGRESQL.format(frozen=_FROZEN))
        return
    for verb, event in _AUDITS.items():
        op.execute(_SQLITE_AUDITS.format(verb=verb, event=event))
    op.execute(_SQLITE_REPLACED)
    for verb, ids in _ROWS.items():
        op.execute(_SQLITE_KEYS.format(verb=verb, ids=ids))
