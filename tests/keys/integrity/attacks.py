"""A person who can write to the database, and has not the pepper."""

# ruff: noqa: S608 - statements are made of the names of our own tables and columns
from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Engine, inspect, text

from keys.changes import audit_log
from keys.credentials.peppers import Peppers
from keys.integrity.anchor import Anchor
from keys.integrity.findings import Finding
from keys.integrity.verify import verify
from storage.triggers import without_triggers

PEPPERS = Peppers({1: b"p" * 32})


def by_hand(engine: Engine, statement: str, **values: Any) -> int:
    """Executes SQL; returns how many rows it changed."""
    with engine.execution_options(writes=True).begin() as connection:
        return connection.execute(text(statement), values).rowcount


def past_triggers(engine: Engine, *statements: str) -> None:
    """Executes SQL as a person who drops what is in the way, and puts it back."""
    writes = engine.execution_options(writes=True).begin()
    with writes as connection, without_triggers(connection, "events"):
        for statement in statements:
            connection.execute(text(statement))


def rows(engine: Engine, table: str, where: str = "true", **values: Any) -> list[dict[str, Any]]:
    """All columns of rows, as the database has them."""
    with engine.connect() as connection:
        found = connection.execute(text(f"SELECT * FROM {table} WHERE {where}"), values)
        return [dict(row._mapping) for row in found]


def put_back(engine: Engine, table: str, saved: Sequence[Mapping[str, Any]]) -> None:
    """Writes rows as they were, genuine seals included."""
    (key,) = inspect(engine).get_pk_constraint(table)["constrained_columns"]
    for row in saved:
        columns = ", ".join(f"{name} = :{name}" for name in row if name != key)
        by_hand(engine, f"UPDATE {table} SET {columns} WHERE {key} = :{key}", **row)


def findings(
    engine: Engine, anchors: Mapping[str, Anchor] | None = None, peppers: Peppers = PEPPERS
) -> list[Finding]:
    """Everything that a verification finds."""
    return [one for step in verify(engine, peppers, anchors=anchors) for one in step.findings]


def forged(entries: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The entries with hashes that fit, as anyone can compute them."""
    previous = audit_log.GENESIS_HASH
    for seq, entry in enumerate(entries, 1):
        row = dict(entry) | {"seq": seq, "previous": previous}
        at = row["at"]
        when = at if isinstance(at, str) else at.isoformat(" ", "microseconds")[:26]
        when = when.replace(" ", "T") + "+00:00"
        names = ("kind", "actor", "key_id", "data")
        fields = [row["account_id"], seq, when, *(row[name] for name in names), previous]
        row["hash"] = previous = audit_log.digest(json.dumps(fields, ensure_ascii=False))
        yield row


TWO_TRIGGERS = {
    "sqlite": [
        "CREATE TRIGGER a_forger AFTER INSERT ON changes WHEN NEW.fence IS NOT NULL BEGIN "
        "INSERT INTO confirmations (fence, gateway_id, at) "
        "SELECT NEW.fence, id, seen_at FROM gateways; END",
        "CREATE TRIGGER z_thief AFTER INSERT ON changes "
        "BEGIN DELETE FROM changes WHERE id = NEW.id; END",
    ],
    "postgresql": [
        "CREATE FUNCTION a_forger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "INSERT INTO confirmations (fence, gateway_id, at) "
        "SELECT NEW.fence, id, seen_at FROM gateways; RETURN NULL; END $$",
        "CREATE TRIGGER a_forger AFTER INSERT ON changes FOR EACH ROW "
        "WHEN (NEW.fence IS NOT NULL) EXECUTE FUNCTION a_forger()",
        "CREATE OR REPLACE FUNCTION changes_are_told() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN DELETE FROM changes WHERE id = NEW.id; RETURN NULL; END $$",
    ],
}
"""By dialect: changes are taken out of the feed, and gateways' confirmations forged."""


def plant_two_triggers(engine: Engine) -> None:
    """Have revocations confirmed that no gateway learns of."""
    for statement in TWO_TRIGGERS[engine.dialect.name]:
        by_hand(engine, statement)
