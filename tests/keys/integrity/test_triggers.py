"""Triggers that a person with SQL adds, drops, replaces or disables are named by a verification."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from keys.integrity.findings import SCHEMA
from storage import open_engine
from tests.keys.conftest import Domain, open_application_at, open_test_application
from tests.keys.integrity.attacks import by_hand, findings, past_triggers

ADDED = "was added by something other than this program: drop it"
CHANGED = "was changed by something other than this program: create it again"
DISABLED = "was disabled: enable it"
REMOVED = "was removed: create it again"

SQLITE = {
    "added": (
        ["CREATE TRIGGER evil AFTER INSERT ON changes BEGIN DELETE FROM changes; END"],
        {("trigger evil on changes", ADDED)},
    ),
    "added to a table of no account": (
        ["CREATE TRIGGER evil AFTER UPDATE ON alembic_version BEGIN SELECT 1; END"],
        {("trigger evil on alembic_version", ADDED)},
    ),
    "dropped": (
        ["DROP TRIGGER keys_update_is_a_change"],
        {("trigger keys_update_is_a_change on keys", REMOVED)},
    ),
    "replaced": (
        [
            "DROP TRIGGER keys_update_is_a_change",
            "CREATE TRIGGER keys_update_is_a_change AFTER UPDATE ON keys BEGIN SELECT 1; END",
        ],
        {("trigger keys_update_is_a_change on keys", CHANGED)},
    ),
    "moved to another table": (
        [
            "DROP TRIGGER keys_update_is_a_change",
            "CREATE TRIGGER keys_update_is_a_change AFTER UPDATE ON peppers BEGIN SELECT 1; END",
        ],
        {
            ("trigger keys_update_is_a_change on keys", REMOVED),
            ("trigger keys_update_is_a_change on peppers", ADDED),
        },
    ),
}
POSTGRESQL = {
    "added": (
        [
            "CREATE TRIGGER evil BEFORE INSERT ON changes FOR EACH ROW "
            "EXECUTE FUNCTION suppress_redundant_updates_trigger()"
        ],
        {("trigger evil on changes", ADDED)},
    ),
    "dropped": (
        ["DROP TRIGGER changes_are_told ON changes"],
        {("trigger changes_are_told on changes", REMOVED)},
    ),
    "replaced": (
        [
            "CREATE OR REPLACE TRIGGER changes_are_told AFTER INSERT ON changes FOR EACH ROW "
            "WHEN (NEW.key_id IS NULL) EXECUTE FUNCTION changes_are_told()"
        ],
        {("trigger changes_are_told on changes", CHANGED)},
    ),
    "calling another function": (
        [
            "CREATE SCHEMA evil",
            "CREATE FUNCTION evil.changes_are_told() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN RETURN NULL; END'",
            "CREATE OR REPLACE TRIGGER changes_are_told AFTER INSERT ON changes FOR EACH ROW "
            "EXECUTE FUNCTION evil.changes_are_told()",
        ],
        {
            ("trigger changes_are_told on changes", CHANGED),
            ("function changes_are_told", CHANGED),
        },
    ),
    "disabled": (
        ["ALTER TABLE changes DISABLE TRIGGER changes_are_told"],
        {("trigger changes_are_told on changes", DISABLED)},
    ),
    "enabled for replicas alone": (
        ["ALTER TABLE changes ENABLE REPLICA TRIGGER changes_are_told"],
        {("trigger changes_are_told on changes", DISABLED)},
    ),
    "a function of ours with another source": (
        [
            "CREATE OR REPLACE FUNCTION keys_update_is_a_change() RETURNS trigger "
            "LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
        ],
        {("function keys_update_is_a_change", CHANGED)},
    ),
    "a function of ours that finds other tables": (
        ["ALTER FUNCTION keys_update_is_a_change() SET search_path = evil"],
        {("function keys_update_is_a_change", CHANGED)},
    ),
    "a rule": (
        ["CREATE RULE evil AS ON INSERT TO changes DO INSTEAD NOTHING"],
        {("rule evil on changes", ADDED)},
    ),
    "a view instead of the table": (
        ["ALTER TABLE changes RENAME TO kept", "CREATE VIEW changes AS SELECT * FROM kept"],
        {
            ("rule _RETURN on changes", ADDED),
            ("trigger changes_are_told on changes", REMOVED),
        },
    ),
}
ATTACKS = [
    pytest.param(dialect, *attack, id=f"{dialect}, {name}")
    for dialect, attacks in (("sqlite", SQLITE), ("postgresql", POSTGRESQL))
    for name, attack in attacks.items()
]


@pytest.fixture
def domain(tmp_path: Path) -> Iterator[Domain]:
    opened = open_test_application(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def either(database_url: str) -> Iterator[Domain]:
    opened = open_application_at(database_url)
    yield opened
    opened.close()


def is_sqlite(domain: Domain) -> bool:
    return domain.engine.dialect.name == "sqlite"


def found(domain: Domain) -> set[tuple[str, str]]:
    told = findings(domain.engine)
    assert {(one.table, one.key_id) for one in told} <= {(SCHEMA, None)}
    assert len({one.row for one in told}) == len(told)
    return {(one.row, one.what) for one in told}


@pytest.mark.parametrize(("dialect", "statements", "expected"), ATTACKS)
def test_what_was_done_to_a_trigger_is_named(
    either: Domain, dialect: str, statements: list[str], expected: set[tuple[str, str]]
) -> None:
    if either.engine.dialect.name != dialect:
        pytest.skip("a statement of the other engine")
    assert found(either) == set()
    for statement in statements:
        by_hand(either.engine, statement)
    assert found(either) == expected


def test_what_is_put_back_as_it_was_is_no_finding(either: Domain) -> None:
    past_triggers(either.engine, "UPDATE events SET seal = seal")
    assert found(either) == set()


def test_a_database_restored_from_a_dump_has_the_same_triggers(
    domain: Domain, tmp_path: Path
) -> None:
    domain.issue()
    restored = tmp_path / "restored.db"
    with (
        closing(sqlite3.connect(domain.engine.url.database or "")) as ours,
        closing(sqlite3.connect(restored)) as copy,
    ):
        copy.executescript("".join(ours.iterdump()))
    engine = open_engine(f"sqlite:///{restored}")
    assert findings(engine) == []
    engine.dispose()


@pytest.mark.parametrize("name", ["x\n<!channel> *y*\x1b[2J", "\u202e", "n" * 10_000])
def test_a_trigger_with_any_name_is_named_in_few_characters(domain: Domain, name: str) -> None:
    by_hand(domain.engine, f'CREATE TRIGGER "{name}" AFTER INSERT ON changes BEGIN SELECT 1; END')
    ((row, what),) = found(domain)
    assert row.startswith(f"trigger {name[:100]}")
    assert len(row) <= 200
    assert what == ADDED


def test_a_database_of_a_newer_version_is_not_taken_for_tampered_with(
    either: Domain, caplog: pytest.LogCaptureFixture
) -> None:
    statements, _ = (SQLITE if is_sqlite(either) else POSTGRESQL)["dropped"]
    for statement in statements:
        by_hand(either.engine, statement)
    by_hand(either.engine, "UPDATE alembic_version SET version_num = '9999'")
    with caplog.at_level(logging.WARNING):
        assert found(either) == set()
    assert "migrated by a newer version of this program. Upgrade this one" in caplog.text
    # Its rows are verified all the same.
    either.issue()
    by_hand(either.engine, "UPDATE keys SET scopes = 'read write'")
    assert {one.table for one in findings(either.engine)} == {"keys", "secrets"}
    # What no later version has written is no reason to look away.
    by_hand(either.engine, "DELETE FROM alembic_version")
    assert SCHEMA in {one.table for one in findings(either.engine)}


def test_two_revisions_in_a_database_do_not_keep_it_from_being_verified(either: Domain) -> None:
    by_hand(either.engine, "INSERT INTO alembic_version (version_num) VALUES ('0001')")
    assert found(either) == set()


def test_tables_in_a_schema_of_their_own_and_other_schemas_beside_them(database_url: str) -> None:
    if not database_url.startswith("postgresql"):
        pytest.skip("SQLite has no schemas")
    engine = open_engine(database_url)
    for statement in (
        'ALTER SCHEMA public RENAME TO "Our keys"',
        f'ALTER DATABASE {engine.url.database} SET search_path = "Our keys"',
        # An extension of the operator has a table of the same name, with triggers.
        "CREATE SCHEMA monitoring",
        "CREATE TABLE monitoring.keys (id int)",
        "CREATE TRIGGER audited BEFORE UPDATE ON monitoring.keys FOR EACH ROW "
        "EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    ):
        by_hand(engine, statement)
    engine.dispose()
    assert findings(engine) == []
    engine.dispose()


def test_a_role_that_runs_no_triggers_is_noticed(database_url: str) -> None:
    if not database_url.startswith("postgresql"):
        pytest.skip("a setting of PostgreSQL")
    engine = open_engine(database_url)
    by_hand(
        engine,
        f"ALTER DATABASE {engine.url.database} SET session_replication_role = 'replica'",
    )
    engine.dispose()
    told = findings(engine)
    assert {one.what for one in told} == {DISABLED}
    assert "trigger changes_are_told on changes" in {one.row for one in told}
    engine.dispose()
