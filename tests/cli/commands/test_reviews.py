"""`apikeys audit`, as an operator types it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from keys.base import accounts
from keys.base.actors import Actor
from keys.base.policy import AuditRules
from keys.changes.change import change
from keys.changes.services import Services
from keys.credentials.peppers import load_or_make
from keys.operations import SUBSCRIBERS
from keys.reviews import lifecycle
from keys.reviews.evidence import files
from runtime.clock import SystemClock
from storage import open_engine, writing
from storage.tables import Review
from tests.cli.commands.shell import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    made = shell.run("keys", "new", "Zapier, production")
    assert made.returncode == 0, made.stderr
    return shell


def begin(shell: Shell) -> None:
    """Begins an audit, which at the command line nobody can: it is gone through in Slack."""
    engine = open_engine(f"sqlite:///{shell.folder / '.apikeys' / 'apikeys.db'}")
    with writing(engine) as session:
        account = accounts.the_only(session, datetime.now(UTC))
    services = Services(
        engine=engine,
        account_id=account,
        clock=SystemClock(),
        peppers=load_or_make(shell.folder / ".apikeys" / "pepper"),
        prefix="ak",
        subscribers=SUBSCRIBERS,
    )
    with change(services, Actor.operator("o")) as made:
        lifecycle.begin(made, "asked:1", AuditRules())
    engine.dispose()


def test_the_evidence_is_written_and_verified_and_an_edit_is_found(shell: Shell) -> None:
    assert "There has been no audit yet." in shell.run("audit", "export").stderr
    begin(shell)
    status = shell.run("audit", "status").stdout
    assert "0 of 1 keys decided." in status
    done = shell.run("audit", "export", "--output", "audit.json")
    assert done.returncode == 0, done.stderr
    verified = shell.run("audit", "verify", "audit.json")
    assert verified.returncode == 0, verified.stderr
    assert "is unchanged" in verified.stdout
    key = shell.run("audit", "key").stdout.split()[0]
    assert shell.run("audit", "verify", "audit.json", "--key", key).returncode == 0
    other = shell.run("audit", "verify", "audit.json", "--key", key[::-1])
    assert other.returncode == 1
    assert "signed with an unknown key" in other.stderr
    path = shell.folder / "audit.json"
    path.write_text(path.read_text(encoding="utf-8").replace("Zapier", "Zapper"), encoding="utf-8")
    changed = shell.run("audit", "verify", "audit.json")
    assert changed.returncode == 1
    assert "Entry 2 was changed" in changed.stderr
    path.write_text("[]", encoding="utf-8")
    assert "not audit evidence" in shell.run("audit", "verify", "audit.json").stderr


def test_the_table(shell: Shell) -> None:
    begin(shell)
    lines = shell.run("audit", "export", "--format", "csv").stdout.splitlines()
    assert lines[0].startswith('"name","id"')
    assert lines[1].startswith('"Zapier, production"')
    unknown = shell.run("audit", "export", "--audit", "aud_other")
    assert "There is no such audit" in unknown.stderr
    assert json.loads(shell.run("audit", "export").stdout)["format"]


def test_evidence_that_differs_from_the_audit_log_is_refused(shell: Shell) -> None:
    begin(shell)
    engine = open_engine(f"sqlite:///{shell.folder / '.apikeys' / 'apikeys.db'}")
    with writing(engine) as session:
        session.connection().execute(update(Review).values(period="2030-01-07"))
    engine.dispose()
    for form in ("json", "csv"):
        done = shell.run("audit", "export", "--format", form, "--output", "audit.out")
        assert done.returncode == 1
        assert "period is “2030-01-07”, in the audit log “asked:1”" in done.stderr
        assert "Compare with a backup, correct the rows and export again." in done.stderr
        assert not (shell.folder / "audit.out").exists()


def test_verify_says_what_a_file_of_the_version_before_does_not_prove(shell: Shell) -> None:
    before = Path(files.__file__).parents[3] / "tests/keys/reviews/evidence/stored/evidence-1.json"
    key = files.read(before.read_bytes())["signature"]["key"]
    verified = shell.run("audit", "verify", str(before), "--key", key)
    assert verified.returncode == 0, verified.stderr
    assert "Note: An earlier version wrote this file" in verified.stdout
