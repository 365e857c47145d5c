"""`apikeys doctor`, `status` and `db`, as an operator types them; with the practice Slack."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sandbox.sandbox import Sandbox
from tests.cli.commands.shell import Shell
from tests.e2e.harness.program import MANIFEST, PEPPER, free_port, slack_settings
from tests.postgresql import Postgresql, Replica

# Each look at an installation starts the program anew.
pytestmark = [pytest.mark.sockets, pytest.mark.timeout(300)]


@pytest.fixture
def slack() -> Iterator[Sandbox]:
    with Sandbox(MANIFEST) as slack:
        slack.add_person("alice", real_name="Alice Adams", role="admin")
        slack.add_channel("api-keys", members=["alice"])
        slack.invite_app("api-keys")
        yield slack


@pytest.fixture
def shell(tmp_path: Path, slack: Sandbox) -> Shell:
    shell = Shell(tmp_path)
    shell.settings |= slack_settings(slack)
    shell.settings["APIKEYS_GATEWAY_LISTEN"] = f"127.0.0.1:{free_port()}"
    return shell


def test_a_gateway_alone_is_sound_without_slack(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.settings["APIKEYS_GATEWAY_LISTEN"] = f"127.0.0.1:{free_port()}"
    shell.run("keys", "new", "Zapier, production")
    done = shell.run("doctor")
    assert done.returncode == 0, done.stdout
    assert "note  There is no Slack setting, so Slack was not checked." in done.stdout
    # Half of the settings is no gateway alone.
    shell.settings["SLACK_BOT_TOKEN"] = "xoxb-1"
    assert shell.run("doctor").returncode == 1


def test_a_sound_installation(shell: Shell, slack: Sandbox) -> None:
    assert shell.run("db", "upgrade").stdout.startswith("The database went from revision nothing")
    assert shell.run("db", "upgrade").stdout.startswith("The database is at revision")
    shell.run("keys", "new", "Zapier, production")
    done = shell.run("doctor")
    assert done.returncode == 0, done.stdout
    for words in (
        "The settings are valid.",
        "The database (SQLite",
        "The pepper (version 1) matches the database.",
        "The bot's token belongs to Acme.",
        "The app was granted every scope that it needs.",
        "This machine's clock and Slack's agree.",
        "Slack opens a socket for the app's token.",
        "The app can post in #api-keys (C",
        "The key admins include Alice Adams.",
        "No gateway answers at",
    ):
        assert words in done.stdout, done.stdout
    place = slack.workspace.channel_named("api-keys")
    assert place is not None
    assert slack.workspace.messages_for(slack.person("alice").id, place.id) == []
    for secret in (slack.bot_token, slack.app_token):
        assert secret not in done.stdout + done.stderr


def test_each_trouble_is_named_with_its_remedy(shell: Shell, slack: Sandbox) -> None:
    def finds(words: str, remedy: str = "", **settings: str) -> None:
        before = dict(shell.settings)
        shell.settings |= settings
        done = shell.run("doctor")
        shell.settings = before
        assert done.returncode == 1, done.stdout
        assert words in done.stdout, done.stdout
        assert remedy in done.stdout, done.stdout

    tokens = {"SLACK_BOT_TOKEN": slack.app_token, "SLACK_APP_TOKEN": slack.bot_token}
    finds("are swapped", "Swap them", **tokens)
    finds("does not accept SLACK_BOT_TOKEN: invalid_auth", SLACK_BOT_TOKEN="xoxb-other")
    finds("opens no socket", "connections:write", SLACK_APP_TOKEN="xapp-other")
    finds("channel_not_found", "Check that the channel exists", APIKEYS_CHANNEL="#nowhere")
    slack.add_channel("elsewhere", members=["alice"])
    finds("not_in_channel", "/invite", APIKEYS_CHANNEL="#elsewhere")
    finds("APIKEYS_CHANNEL: must be a channel’s name or id", APIKEYS_CHANNEL="api keys")
    place = slack.workspace.channel_named("elsewhere")
    assert place is not None
    link = f"https://acme.slack.com/archives/{place.id}"
    finds("not_in_channel", f"/invite @API keys in {place.id}", APIKEYS_CHANNEL=link)
    finds("There are no key admins", "Set it to users", APIKEYS_ADMINS="users:")
    finds("APIKEYS_TOKEN_MINUTES", "The bot needs it", APIKEYS_TOKEN_MINUTES="0")
    finds(
        "Slack cannot be reached", "firewall", SLACK_API_URL=f"http://127.0.0.1:{free_port()}/api/"
    )
    finds("No database server listens", "Check that the server is running", DATABASE_URL="postgresql://127.0.0.1:1/x",
          APIKEYS_PEPPER="cHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHA=")  # fmt: skip
    shell.run("keys", "new", "Zapier, production")
    finds("is not the one", "refused as invalid",
          APIKEYS_PEPPER="cXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXE=")  # fmt: skip
    slack.install.scopes -= {"im:write", "files:write"}
    finds("The app was not granted im:write.", "install the app again")


def test_an_owner_who_is_no_full_member_is_found(shell: Shell, slack: Sandbox) -> None:
    alice, gus = slack.person("alice").id, slack.add_person("gus", role="guest").id
    made = shell.run("keys", "new", "Zapier, production", "--owner", alice)
    assert f"Slack was not asked whether {alice} is a full member" in made.stderr
    assert "Every key's owner is a full member" in shell.run("doctor").stdout
    shell.run("keys", "new", "Make, production", "--owner", gus)
    shell.run("keys", "new", "Shipping, production", "--owner", "U0NOBODY")
    found = shell.run("doctor")
    assert found.returncode == 1
    named = ", ".join(sorted([gus, "U0NOBODY"]))
    assert f"Owners who are not full members: {named}." in found.stdout
    assert "/apikeys offboard @person" in found.stdout


def test_what_is_optional_is_a_note(shell: Shell, slack: Sandbox) -> None:
    slack.install.scopes -= {"files:write"}
    done = shell.run("doctor")
    assert done.returncode == 0, done.stdout
    assert "Optional scopes that were not granted: files:write." in done.stdout
    assert "There is no database yet" in done.stdout
    assert not (shell.folder / ".apikeys").exists(), "it changes nothing"


def test_the_status(shell: Shell) -> None:
    shell.run("keys", "new", "Zapier, production")
    shell.run("keys", "new", "Make, production")
    shell.run("keys", "revoke", "Make, production", "--yes")
    lines = shell.run("status").stdout.splitlines()
    assert lines[0] == "Keys: 1 active, 1 revoked"
    assert lines[1] == "Gateways: none running"
    assert lines[2].startswith("Pending: 3 notifications")


def test_a_backup_is_put_back(shell: Shell) -> None:
    assert "no database" in shell.run("db", "backup", "keys.backup").stderr
    token = shell.new("Zapier, production")
    done = shell.run("db", "backup", "keys.backup")
    assert done.returncode == 0, done.stderr
    copy = shell.folder / "keys.backup"
    assert copy.stat().st_mode & 0o077 == 0
    assert token.encode() not in copy.read_bytes()
    assert "already exists" in shell.run("db", "backup", "keys.backup").stderr
    assert "cannot be written" in shell.run("db", "backup", "no/such/folder").stderr
    shell.run("keys", "revoke", "Zapier, production", "--yes")
    assert "Keys: 0 active" in shell.run("status").stdout
    home = shell.folder / ".apikeys"
    for name in ("apikeys.db-wal", "apikeys.db-shm"):
        (home / name).unlink(missing_ok=True)
    copy.replace(home / "apikeys.db")
    assert "Keys: 1 active, 0 revoked" in shell.run("status").stdout


def test_the_status_counts_expired_keys_apart(shell: Shell) -> None:
    shell.run("keys", "new", "Zapier, production")
    shell.run("keys", "new", "Make, production")
    with closing(sqlite3.connect(shell.folder / ".apikeys" / "apikeys.db")) as base, base:
        base.execute(
            "UPDATE keys SET expires_at = '2020-01-01 00:00:00.000000' WHERE name LIKE 'Make%'"
        )
    assert shell.run("status").stdout.startswith("Keys: 1 active, 0 revoked, 1 expired\n")


def test_a_replica_is_looked_at(shell: Shell) -> None:
    with Postgresql() as primary, Replica(primary) as replica:
        shell.settings |= {
            "DATABASE_URL": primary.create("keys"),
            "APIKEYS_PEPPER": PEPPER,
            "DATABASE_REPLICA_URL": replica.url("keys"),
        }
        shell.run("db", "upgrade")
        replica.catches_up()
        assert "The replica answers, and is" in shell.run("doctor").stdout
        shell.settings["DATABASE_REPLICA_URL"] = primary.url("keys")
        found = shell.run("doctor")
        assert "is not a replica" in found.stdout
        assert "Set it to a streaming replica of DATABASE_URL." in found.stdout
        assert found.returncode == 1
        replica.stop()
        shell.settings["DATABASE_REPLICA_URL"] = replica.url("keys")
        assert "Until it answers, gateways read from the primary." in shell.run("doctor").stdout
        shell.settings["DATABASE_REPLICA_URL"] = "sqlite:///keys.db"
        assert "only for a replica of PostgreSQL" in shell.run("doctor").stdout
