"""The triggers that write `changes`: what gateways have to forget when a row changes.

They are in the database, so that no change can forget them: a statement typed by hand counts like
one of the program's. A change of these tables is a change of what gateways remember:

    accounts   everything is forgotten (a rare event)
    keys       one key is forgotten
    secrets    one key is forgotten, and so is the answer that its token is unknown

On PostgreSQL each row of `changes` is also sent out with NOTIFY; SQLite's gateways read the table.
"""

from __future__ import annotations

CHANNEL = "apikeys_changes"
# More gateways than a person looks after would have to be away for longer than this many changes
# to miss one; a reader that sees a gap drops its whole cache (storage.change_feed).
KEPT = 10_000

WATCHED = ("accounts", "keys", "secrets")
_EVENTS = {
    "accounts": ("UPDATE", "DELETE"),
    "keys": ("UPDATE", "DELETE"),
    # An unknown token may have been remembered as unknown before it was imported.
    "secrets": ("INSERT", "UPDATE", "DELETE"),
}
_VALUES = {
    "accounts": "NULL, NULL",
    "keys": "{row}.id, NULL",
    "secrets": "{row}.key_id, {row}.public_id",
}

_SQLITE = """
CREATE TRIGGER {table}_{event}_is_a_change AFTER {event} ON {table}
BEGIN INSERT INTO changes (key_id, public_id) VALUES ({values}); END
"""
_POSTGRESQL = """
CREATE FUNCTION {table}_{event}_is_a_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO changes (key_id, public_id) VALUES ({values}); RETURN NULL; END $$;
CREATE TRIGGER {table}_{event}_is_a_change AFTER {event} ON {table}
FOR EACH ROW EXECUTE FUNCTION {table}_{event}_is_a_change();
"""
_POSTGRESQL_TRUNCATE = """
CREATE FUNCTION truncating_is_a_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO changes (key_id) VALUES (NULL); RETURN NULL; END $$;
"""
_POSTGRESQL_TRUNCATE_EACH = """
CREATE TRIGGER {table}_truncate_is_a_change AFTER TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION truncating_is_a_change();
"""
_POSTGRESQL_NOTIFY = f"""
CREATE FUNCTION changes_are_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_notify('{CHANNEL}', row_to_json(NEW)::text); RETURN NULL; END $$;
CREATE TRIGGER changes_are_told AFTER INSERT ON changes
FOR EACH ROW EXECUTE FUNCTION changes_are_told();
"""


def triggers(dialect: str) -> list[str]:
    """The statements that make the triggers, for `sqlite` or `postgresql`."""
    form = _POSTGRESQL if dialect == "postgresql" else _SQLITE
    made = [
        form.format(table=table, event=event.lower(), values=_values(table, event))
        for table in WATCHED
        for event in _EVENTS[table]
    ]
    if dialect == "postgresql":
        made += [_POSTGRESQL_TRUNCATE, _POSTGRESQL_NOTIFY]
        made += [_POSTGRESQL_TRUNCATE_EACH.format(table=table) for table in WATCHED]
    return made


def _values(table: str, event: str) -> str:
    return _VALUES[table].format(row="OLD" if event == "DELETE" else "NEW")
