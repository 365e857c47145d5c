"""`apikeys import` and `apikeys export`, as an operator types them."""

from __future__ import annotations

import csv
import hashlib
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.actions import transfer
from keys.base.errors import StorageUnavailable
from keys.changes.change import Change
from keys.changes.events import Event
from keys.changes.propagation import NONE_KNOWN
from keys.credentials.tokens import make
from tests.cli.commands.shell import Shell
from tests.cli.commands.test_keys import kept_nowhere


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def write(shell: Shell, *lines: str, columns: str = "name,hash,scopes,external_id") -> None:
    text = "\n".join((columns, *lines)) + "\n"
    (shell.folder / "keys.csv").write_text(text, encoding="utf-8")


def test_the_same_file_twice(shell: Shell) -> None:
    write(shell, f"Zapier,{digest('a')},read,1", f"Zapier,{digest('b')},read,2")
    done = shell.run("import", "keys.csv")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "2 keys added.",
        "1 name given a number: line 3 “Zapier (2)”.",
        "Guessed from the length of the hashes: sha256 for 2 lines. Test one key first.",
        NONE_KNOWN,
    ]
    again = shell.run("import", "keys.csv")
    assert again.returncode == 0, again.stderr
    assert again.stdout.splitlines() == [
        "0 keys added.",
        "2 keys already imported, and unchanged.",
    ]
    shown = shell.run("keys", "show", "Zapier (2)").stdout
    assert "key.imported" in shown
    assert "(imported)" in shown


@pytest.mark.parametrize(
    ("column", "called"),
    [
        ("name", "name"),
        ("note", "note"),
        ("external_id", "column “external_id”"),
        ("owner", "owner"),
        ("hint", "column “hint”"),
        ("scopes", "list of scopes"),
    ],
)
def test_a_line_with_a_token_is_refused(shell: Shell, column: str, called: str) -> None:
    token = make("acme_old")
    columns = {"name": "Zapier", "scopes": "read"} | {column: f"{token.reveal()}"}
    lines = [",".join([*columns, "hash"]), ",".join([*columns.values(), digest("a")])]
    for flags in ((), ("--dry-run",), ("--keep-going",)):
        done = shell.run("import", "-", *flags, typed="\n".join(lines))
        assert done.returncode == 1
        assert done.stderr.startswith(f"line 2: The {called} contains a token. ")
        assert kept_nowhere(shell.folder, token, done)
    assert "There are no active keys yet." in shell.run("keys", "list").stdout


def test_a_token_among_the_columns_is_refused_and_not_repeated(shell: Shell) -> None:
    token = make("ak")
    done = shell.run("import", "-", typed=f"{token.reveal()},hash\nZapier,{digest('a')}\n")
    assert done.returncode == 1
    assert "The name of a column contains a token." in done.stderr
    assert kept_nowhere(shell.folder, token, done)


def test_a_dry_run_does_nothing(shell: Shell) -> None:
    write(shell, f"Zapier,{digest('a')},read,1")
    done = shell.run("import", "keys.csv", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 key would be added.\n")
    assert "There are no active keys yet." in shell.run("keys", "list").stdout
    write(shell, "Zapier,nonsense,read,1")
    refused = shell.run("import", "keys.csv", "--dry-run")
    assert refused.returncode == 1
    assert refused.stdout.splitlines() == [
        "1 line cannot be imported; see above.",
        "Nothing would be added.",
    ]


def test_all_or_nothing_or_what_fits(shell: Shell) -> None:
    write(shell, f"Zapier,{digest('a')},read,1", "Other,nonsense,read,2", f"Third,{digest('c')},,3")
    refused = shell.run("import", "keys.csv")
    assert refused.returncode == 1
    assert [line.split(":")[0] for line in refused.stderr.splitlines()] == ["line 3", "line 4"]
    assert refused.stdout.splitlines() == [
        "2 lines cannot be imported; see above.",
        "Nothing was added. --keep-going adds the others.",
    ]
    assert "There are no active keys yet." in shell.run("keys", "list").stdout
    done = shell.run("import", "keys.csv", "--keep-going")
    assert done.returncode == 1
    assert "1 key added." in done.stdout
    whole = shell.run("import", "keys.csv", "--keep-going", "--scopes", "read,write")
    assert "1 key added." in whole.stdout
    assert "1 key already imported" in whole.stdout


def announced(shell: Shell) -> list[int]:
    """How many keys each announcement of an import tells of."""
    with closing(sqlite3.connect(shell.folder / ".apikeys" / "apikeys.db")) as database:
        found = database.execute("SELECT data FROM notices WHERE kind = 'keys.imported'")
        return [json.loads(data)["count"] for (data,) in found]


def test_each_batch_is_announced_with_itself(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    write(shell, *(f"Program {n},{digest(f'key {n}')},read,{n}" for n in range(5)))
    monkeypatch.setattr(transfer, "_BATCH", 2)
    record, batches = Change.record, []

    def third_fails(change: Change, event: Event) -> None:
        batches.append(event)
        if len(batches) == 3:
            raise StorageUnavailable("the database went away")
        record(change, event)

    with monkeypatch.context() as patched:
        patched.setattr(Change, "record", third_fails)
        done = shell.run("import", "keys.csv", "--keep-going")
        assert "the database went away" in done.stderr
    assert announced(shell) == [2, 2]
    done = shell.run("import", "keys.csv", "--keep-going")
    assert done.stdout.splitlines()[:2] == [
        "1 key added.",
        "4 keys already imported, and unchanged.",
    ]
    assert done.stdout.splitlines()[-1] == NONE_KNOWN
    assert announced(shell) == [2, 2, 1]


def test_json_from_the_standard_input(shell: Shell) -> None:
    keys = [{"hash": digest("a"), "algorithm": "unkey", "expires_at": 1700000000}]
    done = shell.run("import", "-", "--scopes", "read", typed=json.dumps(keys))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["0 keys added.", "1 key expired, and skipped: entry 1."]


def test_living_keys_keep_dates_that_a_new_key_could_not_have_and_are_named(shell: Shell) -> None:
    soon = datetime.now(UTC).date() + timedelta(days=3)
    columns = "name,hash,scopes,expires_at"
    lines = [
        f"For good,{digest('a')},read,",
        f"For years,{digest('b')},read,2190-01-31",
        f"For days,{digest('c')},read,{soon}",
    ]
    write(shell, *lines, columns=columns)
    shell.settings |= {"APIKEYS_EXPIRY_MAX_DAYS": "30", "APIKEYS_TIMEZONE": "America/New_York"}
    noted = (
        "2 keys last longer than the 30 days that new keys may, and keep their dates: line 2, "
        "line 3. To change one: apikeys keys expire"
    )
    tried = shell.run("import", "keys.csv", "--dry-run")
    assert noted in tried.stdout.splitlines()
    done = shell.run("import", "keys.csv")
    assert (done.returncode, done.stderr) == (0, "")
    assert noted in done.stdout.splitlines()
    assert "Expires:" not in shell.run("keys", "show", "For good").stdout
    # The midnight after it in New York.
    assert "2190-02-01 05:00 UTC" in shell.run("keys", "show", "For years").stdout
    # Known keys are not named again, and without a rule none is.
    assert "last longer" not in shell.run("import", "keys.csv").stdout
    # Once they are here, the rule is everybody's.
    refused = shell.run("keys", "expire", "For years", "2190-01-30")
    assert "Keys last at most 30 days here" in refused.stderr


def test_what_is_no_file_of_keys(shell: Shell) -> None:
    (shell.folder / "keys.csv").write_bytes(b"hash\n\xff\n")
    done = shell.run("import", "keys.csv")
    assert done.returncode == 1
    assert "not UTF-8" in done.stderr
    write(shell, columns="expires,hash")
    done = shell.run("import", "keys.csv")
    assert done.returncode == 1
    assert "There is no column “expires”" in done.stderr


def test_export(shell: Shell) -> None:
    token = shell.new("=Zapier", "--note", "why")
    shell.new("Other")
    assert shell.run("keys", "revoke", "Other", "--yes").returncode == 0
    printed = shell.run("export")
    assert printed.returncode == 0, printed.stderr
    (row,) = csv.DictReader(printed.stdout.splitlines())
    assert (row["name"], row["note"]) == ("'=Zapier", "why")
    done = shell.run("export", "--format", "json", "--revoked", "--output", "keys.json")
    assert done.stderr == "2 keys in keys.json\n"
    path = shell.folder / "keys.json"
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text(encoding="utf-8")
    assert [row["name"] for row in json.loads(text)] == ["=Zapier", "Other"]
    assert token.split("_")[2] not in text + printed.stdout
    refused = shell.run("export", "--output", "missing/keys.json")
    assert refused.returncode == 1
    assert "cannot be written" in refused.stderr
    assert [each.name for each in shell.folder.glob("*keys.json*")] == ["keys.json"]
