"""The triggers that write `changes`: what gateways drop from their caches when a row changes.

They are in the database, so they apply to every change, even one made by hand. A change to one of
these tables makes gateways drop:

    accounts   the whole cache (a rare event)
    keys       one key
    secrets    one key, and the cached result that its token is unknown

On PostgreSQL each row of `changes` is also sent with NOTIFY; SQLite's gateways read the table.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, inspect, text

CHANNEL = "apikeys_changes"
# How many changes are kept. A gateway that was away for longer sees a gap, and then drops its whole
# cache (storage.change_feed).
KEPT = 10_000

WATCHED = ("accounts", "keys", "secrets")
_EVENTS = {
    "accounts": ("UPDATE", "DELETE"),
    "keys": ("UPDATE", "DELETE"),
    # A gateway may have cached that the token is unknown before the key was imported.
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
    """Return the statements that create the triggers, for `sqlite` or `postgresql`."""
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


@contextmanager
def without_triggers(connection: Connection, *tables: str) -> Iterator[None]:
    """Run no triggers in the block, for a migration that changes rows but not their meaning.

    Args:
        tables: whose triggers, on PostgreSQL; those of all tables if none is named.
    """
    if connection.dialect.name == "postgresql":
        tables = tables or tuple(inspect(connection).get_table_names())
        for table in tables:
            connection.execute(text(f'ALTER TABLE "{table}" DISABLE TRIGGER USER'))
        yield
        for table in tables:
            connection.execute(text(f'ALTER TABLE "{table}" ENABLE TRIGGER USER'))
        return
    found = connection.execute(
        text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    ).all()
    for name, _ in found:
        connection.execute(text(f'DROP TRIGGER "{name}"'))
    yield
    for _, sql in found:
        connection.exec_driver_sql(sql)
