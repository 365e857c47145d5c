"""`apikeys db verify`, the doctor and the status, after somebody has written to the database."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.commands.shell import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def by_hand(shell: Shell, statement: str) -> None:
    with closing(sqlite3.connect(shell.folder / ".apikeys" / "apikeys.db")) as connection:
        connection.execute(statement)
        connection.commit()


def test_a_database_as_it_was_written(shell: Shell) -> None:
    shell.new("Zapier, production")
    done = shell.run("db", "verify")
    assert done.returncode == 0, done.stderr
    assert "and 0 are not as they were written." in done.stdout
    assert "Database: every row is as this program wrote it" in shell.run("status").stdout


@pytest.mark.sockets
def test_what_was_changed_by_hand_is_named_everywhere_and_refused(shell: Shell) -> None:
    token = shell.new("Zapier, production")
    shell.new("Make, production")
    by_hand(shell, "UPDATE keys SET scopes = 'read write' WHERE name LIKE 'Zapier%'")
    done = shell.run("db", "verify")
    assert done.returncode == 1
    (named,) = [line for line in done.stdout.splitlines() if line.startswith("keys key_")]
    assert named.endswith("was changed by something other than this program.")
    assert "restore a backup, or revoke these keys" in done.stdout
    assert "TAMPERED" in shell.run("status").stdout
    doctor = shell.run("doctor").stdout
    assert named.removesuffix(".") in doctor
    assert token not in done.stdout + doctor


@pytest.mark.sockets
def test_a_planted_trigger_and_a_dropped_one_are_named_everywhere(shell: Shell) -> None:
    shell.new("Zapier, production")
    by_hand(shell, 'CREATE TRIGGER "e\x1b[2Jvil" AFTER INSERT ON changes BEGIN SELECT 1; END')
    by_hand(shell, "DROP TRIGGER keys_update_is_a_change")
    done = shell.run("db", "verify")
    assert done.returncode == 1
    assert "and 0 are not as they were written." in done.stdout
    added, removed = (line for line in done.stdout.splitlines() if line.startswith("schema "))
    assert added == (
        "schema trigger e\\x1b[2Jvil on changes was added by something other than this program: "
        "drop it."
    )
    assert removed == (
        "schema trigger keys_update_is_a_change on keys was removed: create it again."
    )
    assert "restart every gateway" in done.stdout
    # No key is refused for it.
    assert "Keys that are named here" not in done.stdout
    for words in (("status",), ("doctor",)):
        printed = shell.run(*words).stdout
        assert added.removesuffix(".") in printed
        assert removed.removesuffix(".") in printed


def test_an_older_database_is_noticed_until_an_operator_accepts_it(shell: Shell) -> None:
    shell.new("Zapier, production")
    home = shell.folder / ".apikeys"
    assert shell.run("db", "backup", "old").returncode == 0
    shell.run("keys", "revoke", "Zapier, production", "--yes")
    assert shell.run("db", "accept-restore", "--reason", "It is the newest.").returncode == 0
    for name in ("apikeys.db-wal", "apikeys.db-shm"):
        (home / name).unlink(missing_ok=True)
    shutil.copy(shell.folder / "old", home / "apikeys.db")
    done = shell.run("db", "verify")
    assert done.returncode == 1
    assert "is older than what this machine has seen of it." in done.stdout
    refused = shell.run("db", "accept-restore", "--reason", " ")
    assert (refused.returncode, "reason" in refused.stderr) == (1, True)
    accepted = shell.run("db", "accept-restore", "--reason", "A disk was lost.")
    assert accepted.returncode == 0, accepted.stderr
    assert shell.run("db", "verify").returncode == 0
    with closing(sqlite3.connect(home / "apikeys.db")) as connection:
        ((actor, data),) = connection.execute(
            "SELECT actor, data FROM events WHERE kind = 'database.restored'"
        )
    assert actor.startswith("operator:")
    assert json.loads(data)["reason"] == "A disk was lost."


def test_a_command_leaves_the_anchor_at_its_own_entry(shell: Shell) -> None:
    shell.new("Zapier, production")
    assert shell.run("keys", "revoke", "Zapier, production", "--yes").returncode == 0
    home = shell.folder / ".apikeys"
    with closing(sqlite3.connect(home / "apikeys.db")) as connection:
        query = "SELECT account_id, seq, hash FROM events ORDER BY seq DESC LIMIT 1"
        ((account, seq, newest),) = connection.execute(query)
    anchors = json.loads((home / "anchor.json").read_text(encoding="ascii"))
    assert list(anchors.values()) == [{account: {"seq": seq, "hash": newest}}]


def test_rows_are_not_sealed_a_second_time(shell: Shell) -> None:
    shell.new("Zapier, production")
    assert shell.run("db", "accept-restore", "--reason", "To have an anchor.").returncode == 0
    for statement in (
        "DROP TRIGGER events_are_sealed", "DROP TRIGGER digests_are_sealed",
        "DROP TRIGGER events_no_update", "DROP INDEX events_by_revision",
        "DROP INDEX events_that_end", "ALTER TABLE events DROP COLUMN revision",
        "ALTER TABLE keys DROP COLUMN revision", "ALTER TABLE secrets DROP COLUMN revision",
        *(
            f"ALTER TABLE {table} DROP COLUMN seal"
            for table in (
                "accounts", "keys", "secrets", "access_requests", "deliveries", "rotations",
                "offboarding_keys", "events",
            )
        ),
        "UPDATE keys SET scopes = 'read write'",
        "UPDATE alembic_version SET version_num = '0009'",
    ):  # fmt: skip
        by_hand(shell, statement)
    for words in (("keys", "list"), ("db", "upgrade"), ("db", "verify")):
        done = shell.run(*words)
        assert done.returncode == 1
        assert "were sealed before, and the database has lost its seals" in done.stderr


def test_a_damaged_anchor_is_named_and_the_rest_is_verified(shell: Shell) -> None:
    shell.new("Zapier, production")
    anchor = shell.folder / ".apikeys" / "anchor.json"
    anchor.write_text("{", encoding="ascii")
    by_hand(shell, "UPDATE keys SET scopes = 'read write'")
    done = shell.run("db", "verify")
    assert done.returncode == 1
    assert "keys key_" in done.stdout
    assert f"anchor {anchor} cannot be read" in done.stdout
    assert "apikeys db accept-restore" in done.stdout
