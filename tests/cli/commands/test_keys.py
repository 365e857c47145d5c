"""The operator's commands, and the gateway on its own: a key's life without Slack."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from keys.credentials.tokens import Token, make, pattern
from tests.cli.commands.shell import Shell
from tests.e2e.harness.program import Program, free_port


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_a_token_is_printed_once_and_kept_nowhere(shell: Shell) -> None:
    token = shell.new("Zapier, production", "--scopes", "read,write")
    assert re.fullmatch(pattern("ak"), token)
    shown = shell.run("keys", "show", "zapier").stdout + shell.run("keys", "list").stdout
    assert "Zapier, production" in shown
    secret = token.split("_")[2]
    assert secret not in shown
    for path in shell.folder.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path


def test_what_is_done_is_recorded_as_the_operators(shell: Shell) -> None:
    shell.new("Zapier")
    done = shell.run("keys", "revoke", "Zapier", "--yes", "--reason", "no longer used")
    assert "is revoked" in done.stdout
    again = shell.run("keys", "revoke", "Zapier", "--yes")
    assert (again.returncode, "was already revoked" in again.stdout) == (0, True)
    shown = shell.run("keys", "show", "Zapier").stdout
    assert f"by operator:op@{socket.gethostname()} (no longer used)" in shown
    done_in_order = re.findall(r" (key\.\w+) ", shown)
    assert done_in_order == ["key.reserved", "key.issued", "key.revoked"]


def test_revoking_asks_first(shell: Shell) -> None:
    shell.new("Zapier")
    assert shell.run("keys", "revoke", "Zapier", typed="n\n").returncode == 1
    assert "Zapier" in shell.run("keys", "list").stdout
    assert shell.run("keys", "revoke", "Zapier", typed="y\n").returncode == 0
    assert "no active keys yet" in shell.run("keys", "list").stdout


def test_an_ambiguous_or_unknown_name_gets_help(shell: Shell) -> None:
    shell.new("Zapier, production")
    shell.new("Zapier, staging")
    several = shell.run("keys", "revoke", "Zapier", "--yes")
    assert several.returncode == 1
    assert "Several keys match" in several.stderr
    unknown = shell.run("keys", "show", "Zapyer, stagin")
    assert unknown.returncode == 1
    assert "Did you mean “Zapier, staging”" in unknown.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("keys", "new", "  "), "Give the key a name"),
        (("keys", "new", "Zapier", "--scopes", "admin"), "no scope “admin”"),
        (("keys", "new", "Zapier", "--scopes", ""), "Choose at least one"),
        (("keys", "list", "--workspace", "T9"), "no workspace T9"),
    ],
)
def test_bad_input_gets_a_sentence(shell: Shell, words: tuple[str, ...], says: str) -> None:
    done = shell.run(*words)
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def kept_nowhere(folder: Path, token: Token, done: subprocess.CompletedProcess[str]) -> bool:
    """Whether no piece of the secret stands in what was printed or in a file of the folder."""
    pieces = [token.secret[at : at + 14] for at in (0, 14, 28)]
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert any(file.startswith(b"SQLite") for file in files)
    said = done.stdout + done.stderr
    return not any(
        piece in said or any(piece.encode() in file for file in files) for piece in pieces
    )


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (("new", "{}"), "name"),
        (("new", "Billing", "--note", "it was {}"), "note"),
        (("new", "Billing", "--owner", "{}"), "owner"),
        (("new", "Billing", "--scopes", "read,{}"), "list of scopes"),
        (("new", "Billing", "--expires", "{}"), "date"),
        (("limit", "Zapier", "--networks", "10.0.0.0/8,{}"), "list of networks"),
        (("revoke", "Zapier", "--yes", "--reason", "“{}” leaked"), "reason"),
    ],
)
def test_a_token_is_refused_wherever_text_is_typed(
    shell: Shell, words: tuple[str, ...], field: str
) -> None:
    shell.new("Zapier")
    # Also one that was made before the prefix was changed.
    for token in (make("ak"), make("acme_old")):
        done = shell.run("keys", *(word.format(token.reveal()) for word in words))
        assert done.returncode == 1
        assert done.stderr.startswith(f"Error: The {field} contains a token. ")
        assert (done.stdout, "Traceback" in done.stderr) == ("", False)
        assert kept_nowhere(shell.folder, token, done)
    listed = shell.run("keys", "list").stdout
    assert "Zapier" in listed
    assert "Billing" not in listed


def test_the_teams_rule_for_dates_holds_at_a_shell(shell: Shell) -> None:
    shell.settings |= {"APIKEYS_EXPIRY_MAX_DAYS": "30", "APIKEYS_EXPIRY_DAYS": "7"}
    for day in ("never", "2190-01-31"):
        refused = shell.run("keys", "new", "Zapier", "--expires", day)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "Choose a date up to" in refused.stderr
    shell.new("Zapier")
    assert "Expires:" in shell.run("keys", "show", "Zapier").stdout
    shell.settings.clear()
    shell.new("Billing", "--expires", "never")
    assert "Expires:" not in shell.run("keys", "show", "Billing").stdout


def test_the_teams_rule_for_dates_holds_when_one_is_changed(shell: Shell) -> None:
    shell.settings["APIKEYS_TIMEZONE"] = "Asia/Tokyo"
    shell.new("Zapier")
    done = shell.run("keys", "expire", "zapier", "2190-01-31")
    # The midnight after it in Tokyo.
    assert done.stdout.startswith("Expires: 2190-01-31 15:00 UTC"), done.stderr
    assert shell.run("keys", "expire", "Zapier", "never").stdout.startswith("Expires: never")
    shell.settings["APIKEYS_EXPIRY_MAX_DAYS"] = "30"
    for day in ("never", "2190-01-31"):
        refused = shell.run("keys", "expire", "Zapier", day)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "Choose a date up to" in refused.stderr
    assert "Expires:" not in shell.run("keys", "show", "Zapier").stdout


def test_a_token_as_a_workspace_is_not_repeated(shell: Shell) -> None:
    token = make("ak")
    done = shell.run("keys", "list", "--workspace", token.reveal())
    assert done.returncode == 1
    assert kept_nowhere(shell.folder, token, done)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("APIKEYS_TOKEN_PREFIX", "No Good"),
        ("APIKEYS_PEPPER", "not base64"),
        ("DATABASE_URL", "mysql://x"),
        ("APIKEYS_GATEWAY_LISTEN", "8321"),
        ("APIKEYS_LAST_USED_SECONDS", "soon"),
        ("APIKEYS_LOG_LEVEL", "LOUD"),
    ],
)
def test_a_wrong_setting_stops_the_start_and_is_named(shell: Shell, name: str, value: str) -> None:
    shell.settings[name] = value
    done = shell.run("run", "--only", "gateway")
    assert done.returncode == 1
    assert done.stderr.startswith("apikeys: ")
    assert name in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert value not in done.stderr or name != "APIKEYS_PEPPER"


def test_settings_are_read_from_a_file(shell: Shell) -> None:
    (shell.folder / ".env").write_text("APIKEYS_TOKEN_PREFIX=acme\n")
    assert shell.new("Zapier").startswith("acme_")


def test_the_wrong_pepper_stops_the_start(shell: Shell) -> None:
    shell.new("Zapier")
    shell.settings["APIKEYS_PEPPER"] = "A" * 43 + "="
    done = shell.run("keys", "list")
    assert done.returncode == 1
    assert "is not the one" in done.stderr


@pytest.fixture
def gateway(shell: Shell) -> Iterator[str]:
    port = free_port()
    shell.settings["APIKEYS_GATEWAY_LISTEN"] = f"127.0.0.1:{port}"
    with Program(shell.folder, shell.settings, only="gateway") as program:
        program.waits_until_it_says("listens on")
        yield f"http://127.0.0.1:{port}"
        program.stop()
    assert '"stopped"' in program.log.read_text()


@pytest.mark.sockets
def test_a_key_opens_until_it_is_revoked(shell: Shell, gateway: str) -> None:
    token = shell.new("Zapier", "--scopes", "read")
    headers = {"Authorization": f"Bearer {token}", "X-Original-Method": "GET"}
    ask = lambda: httpx.get(f"{gateway}/authz", headers=headers)
    assert ask().status_code == 204
    headers["X-Original-Method"] = "POST"
    assert ask().status_code == 403
    headers["X-Original-Method"] = "GET"
    assert shell.run("keys", "revoke", "Zapier", "--yes").returncode == 0
    assert ask().status_code == 401
    verify = httpx.post(
        f"{gateway}/v1/keys:verify",
        content=json.dumps({"token": token}),
        headers={"Content-Type": "application/json"},
    )
    assert verify.json() == {"valid": False, "code": "invalid"}


@pytest.mark.sockets
def test_last_used_is_written_at_the_latest_when_the_gateway_stops(shell: Shell) -> None:
    port = free_port()
    shell.settings |= {
        "APIKEYS_GATEWAY_LISTEN": f"127.0.0.1:{port}",
        "APIKEYS_LAST_USED_SECONDS": "3600",
    }
    token = shell.new("Zapier")
    with Program(shell.folder, shell.settings, only="gateway") as program:
        program.waits_until_it_says("listens on")
        headers = {"X-API-Key": token, "X-Original-Method": "GET"}
        assert httpx.get(f"http://127.0.0.1:{port}/authz", headers=headers).status_code == 204
        program.stop(signal.SIGINT)
    assert "never" not in shell.run("keys", "show", "Zapier").stdout


@pytest.mark.sockets
def test_a_key_is_held_to_limits_and_the_gateway_knows_at_once(shell: Shell, gateway: str) -> None:
    token = shell.new("Zapier, production")
    headers = {"X-API-Key": token, "X-Original-Method": "GET"}
    assert httpx.get(f"{gateway}/authz", headers=headers).status_code == 204
    done = shell.run("keys", "limit", "zapier", "--rate", "2 per day", "--networks", "127.0.0.0/8")
    assert done.returncode == 0, done.stderr
    assert "Rate:       2/day" in done.stdout
    assert "Networks:   127.0.0.0/8" in done.stdout
    assert "1 of 1 gateway confirmed in " in done.stdout
    statuses = [httpx.get(f"{gateway}/authz", headers=headers).status_code for _ in range(3)]
    assert statuses == [204, 204, 429]
    assert shell.run("keys", "limit", "zapier", "--rate", "none").returncode == 0
    assert httpx.get(f"{gateway}/authz", headers=headers).status_code == 204
    assert "127.0.0.0/8" in shell.run("keys", "show", "zapier").stdout


@pytest.mark.sockets
def test_whoever_revokes_at_a_shell_is_told_that_the_gateway_knows(
    shell: Shell, gateway: str
) -> None:
    shell.new("Zapier, production")
    done = shell.run("keys", "revoke", "zapier", "--yes")
    assert re.search(r"is revoked\.\n1 of 1 gateway confirmed in \d+ ms\.", done.stdout)


def test_limits_that_are_none_get_a_sentence(shell: Shell) -> None:
    shell.new("Zapier, production")
    for words in (("--rate", "often"), ("--networks", "everywhere"), ("--networks", "10.1.2.3/8")):
        done = shell.run("keys", "limit", "zapier", *words)
        assert done.returncode == 1
        assert "100/minute" in done.stderr or "10." in done.stderr


@pytest.mark.slow
def test_a_process_of_its_own_answers_as_the_shell_of_the_tests_does(shell: Shell) -> None:
    shell.new("Zapier, production")
    for words, typed in (
        (("keys", "show", "zapier"), ""),
        (("keys", "show", "nothing"), ""),
        (("keys", "list", "--no-such-option"), ""),
        (("keys", "revoke", "zapier"), "n\n"),
    ):
        here, there = (run(*words, typed=typed) for run in (shell.run, shell.run_as_process))
        seen = (here.returncode, here.stdout, here.stderr)
        assert seen == (there.returncode, there.stdout, there.stderr.replace("-c", "apikeys"))
