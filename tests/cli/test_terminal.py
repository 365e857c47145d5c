"""No text from outside acts on an operator's terminal, or passes for a line of ours."""

from __future__ import annotations

import ast
import csv
import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from keys.credentials.tokens import make
from tests.cli.commands.shell import Shell

HASH = hashlib.sha256(b"a").hexdigest()
ROOT = Path(__file__).parents[2]
# A line that is erased and replaced, a forged fact, another direction, a C1 sequence.
EVIL = "x\x1b[1A\x1b[2K\rState:      revoked\nState:      revoked\u202e\x9b2J\u2028\x7f"
# What is made of Click or Python's own and writes to the terminal, now or when it is raised.
WRITERS = {
    "click.echo", "click.secho", "click.echo_via_pager", "click.confirm", "click.prompt",
    "click.open_file", "click.get_text_stream", "click.ClickException", "click.UsageError",
    "click.BadParameter", "click.FileError", "print", "sys.stdout.write", "sys.stderr.write",
}  # fmt: skip


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def plant(shell: Shell, **texts: str) -> None:
    """Store texts as they are, as an earlier version could."""
    (database,) = shell.folder.rglob("*.db")
    with closing(sqlite3.connect(database)) as connection, connection:
        for column, text in texts.items():
            connection.execute(f"UPDATE keys SET {column} = ?", (text,))  # noqa: S608


def harmless(*texts: str) -> bool:
    """Whether no text has a character but visible ones and ends of lines."""
    return all(char == "\n" or char.isprintable() for text in texts for char in text)


# --- what is stored already -----------------------------------------------------------------------


def test_a_stored_text_forges_no_line(shell: Shell) -> None:
    shell.new("Zapier")
    plant(shell, name=f"Zapier {EVIL}", note=EVIL, owner="U0\x1bBOB", rate_limit="\x1b]0;x\x07")
    listed, shown = shell.run("keys", "list"), shell.run("keys", "show", "zapier")
    assert harmless(listed.stdout, shown.stdout)
    assert len(listed.stdout.splitlines()) == 1
    states = [line for line in shown.stdout.splitlines() if line.startswith("State:")]
    assert states == ["State:      active"]
    note = r"x\x1b[1A\x1b[2K\rState:      revoked\nState:      revoked\u202e\x9b2J\u2028\x7f"
    assert f"Note:       {note}" in shown.stdout.splitlines()
    revoked = shell.run("keys", "revoke", "zapier", typed="n\n")
    assert harmless(revoked.stdout, revoked.stderr)
    assert revoked.returncode == 1


def test_several_keys_are_a_line_each(shell: Shell) -> None:
    shell.new("Zapier one")
    shell.new("Zapier two")
    (database,) = shell.folder.rglob("*.db")
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE keys SET name = name || ?", ("\n  key_forged  Zapier three",))
    done = shell.run("keys", "show", "zapier")
    assert len(done.stderr.splitlines()) == 3
    assert r"Zapier one\n  key_forged  Zapier three" in done.stderr


def test_the_record_may_hold_anything(shell: Shell) -> None:
    """JSON can hold even what no database stores as text, such as a lone surrogate."""
    shell.new("Zapier")
    (database,) = shell.folder.rglob("*.db")
    data = json.dumps({"name": f"{EVIL}\ud800"})
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "INSERT INTO events"
            " (account_id, seq, at, kind, actor, key_id, data, previous, hash, seal)"
            " SELECT account_id, seq + 9, at, kind, actor || ?, key_id, ?, hash, 'h' || hash, seal"
            " FROM events WHERE key_id IS NOT NULL ORDER BY id DESC LIMIT 1",
            (EVIL, data),
        )
    done = shell.run("keys", "show", "zapier")
    assert done.returncode == 0
    assert harmless(done.stdout)
    assert r"\u009b2J\u2028\u007f\ud800" in done.stdout


def test_an_export_is_faithful_and_hides_nothing(shell: Shell) -> None:
    shell.new("Zapier")
    plant(shell, note=EVIL, revoked_reason="=1+1\x1b")
    as_json, as_csv = (shell.run("export", "--format", form).stdout for form in ("json", "csv"))
    assert harmless(as_json, as_csv.replace("\r\n", "\n"))
    assert json.loads(as_json)[0]["note"] == EVIL
    (row,) = csv.DictReader(as_csv.splitlines(keepends=True))
    assert row["note"].startswith(r"x\x1b[1A\x1b[2K\rState:")
    assert row["revoked_reason"] == r"'=1+1\x1b"


def test_a_token_that_is_stored_is_shown_nowhere(shell: Shell) -> None:
    token = make("ak")
    shell.new("Zapier")
    plant(shell, name=token.reveal(), note=token.reveal())
    for words in (("list",), ("show", token.hint[:7]), ("revoke", "--yes", token.public_id)):
        done = shell.run("keys", *words)
        assert token.secret not in done.stdout + done.stderr
    assert "_[removed]" in shell.run("keys", "list").stdout


# --- what is typed, set or read ------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("keys", "show", EVIL),
        ("keys", "list", EVIL, "\udc9b\udcff"),
        ("keys", "show", "\udcff"),
        ("keys", "list", "--workspace", EVIL),
        ("keys", "new", EVIL),
        ("keys", "new", "Zapier\udcff"),
        ("keys", "new", "Zapier", "--note", EVIL),
        ("keys", "new", "Zapier", "--note", "x\udcff"),
        ("keys", "new", "Zapier", "--owner", EVIL),
        ("keys", "new", "Zapier", "--scopes", EVIL),
        ("keys", "new", "Zapier", "--expires", EVIL),
        ("keys", "new", f"--{EVIL}", "Zapier"),
        ("keys", "new", "Zapier", EVIL),
        ("keys", EVIL),
        (EVIL,),
        ("export", "--format", EVIL),
        ("export", "--output", f"/nowhere/{EVIL}"),
        ("audit", "export", "--audit", EVIL),
        ("audit", "verify", f"/nowhere/{EVIL}"),
        ("db", "backup", f"/nowhere/{EVIL}"),
        ("import", EVIL),
    ],
)
def test_what_is_typed_is_repeated_harmlessly(shell: Shell, words: tuple[str, ...]) -> None:
    done = shell.run(*words)
    assert harmless(done.stdout, done.stderr)
    assert not any(line.startswith("State:") for line in done.stderr.splitlines())
    assert done.returncode in (0, 1, 2)
    assert bool(done.stderr) == bool(done.returncode)


def test_a_usage_error_says_where_help_is(shell: Shell) -> None:
    done = shell.run("keys", "list", "--no-such-option")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "Usage: apikeys keys list [OPTIONS] [WORDS]...",
        "Try 'apikeys keys list --help' for help.",
        "",
        "Error: No such option '--no-such-option'.",
    ]


@pytest.mark.parametrize(
    "file",
    [
        f"name,hash,{EVIL.splitlines()[0]}\nZapier,x,y\n",
        json.dumps([{EVIL: "x"}]),
        json.dumps([{EVIL: {}}]),
        json.dumps([{"name": EVIL, "hash": hashlib.sha256(b"a").hexdigest(), "scopes": "read"}]),
        json.dumps(
            [{"note": "\ud800", "hash": hashlib.sha256(b"a").hexdigest(), "scopes": "read"}]
        ),
        json.dumps([{"external_id": EVIL, "hash": "x"}, {"algorithm": EVIL, "hash": "x"}]),
        f"[{EVIL}",
        f'"{EVIL}',
    ],
)
def test_a_file_is_repeated_harmlessly(shell: Shell, file: str) -> None:
    (shell.folder / "keys.csv").write_text(file, encoding="utf-8", newline="")
    done = shell.run("import", "keys.csv")
    assert harmless(done.stdout, done.stderr)
    assert done.returncode == 1
    assert done.stderr
    (shell.folder / "evidence.json").write_text(file, encoding="utf-8", newline="")
    verified = shell.run("audit", "verify", "evidence.json", "--key", EVIL)
    assert harmless(verified.stderr)
    assert verified.returncode == 1


def test_a_setting_and_the_operators_name_are_repeated_harmlessly(shell: Shell) -> None:
    shell.settings["LOGNAME"] = EVIL
    shell.new("Zapier")
    done = shell.run("keys", "show", "Zapier")
    assert r"by operator:x\x1b[1A" in done.stdout
    (database,) = shell.folder.rglob("*.db")
    with closing(sqlite3.connect(database)) as connection:
        actors = [actor for (actor,) in connection.execute("SELECT actor FROM events")]
    assert harmless(*actors)
    assert any(actor.startswith(r"operator:x\x1b[1A") for actor in actors)
    assert harmless(done.stdout)
    shell.settings["APIKEYS_GATEWAY_LISTEN"] = EVIL
    wrong = shell.run("keys", "list")
    assert wrong.returncode == 1
    assert harmless(wrong.stderr)


# --- no way around it -----------------------------------------------------------------------------


def _calls(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)
        elif isinstance(node, ast.ImportFrom) and node.module in ("click", "sys"):
            yield from (f"{node.module}.{each.name}" for each in node.names)


def test_nothing_in_cli_writes_but_through_the_terminal() -> None:
    files = {file: set(_calls(file.read_text("utf-8"))) for file in (ROOT / "cli").rglob("*.py")}
    assert len(files) > 30
    assert {file.name for file, calls in files.items() if calls & WRITERS} == {"terminal.py"}
    sly = "from click import echo\nprint(1)\nraise click.ClickException(name)"
    assert set(_calls(sly)) == {"click.echo", "print", "click.ClickException"}
