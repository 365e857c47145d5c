"""Every setting is documented."""

from __future__ import annotations

from pathlib import Path

import pytest

import settings
from settings import SettingsError, load_slack

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"


def test_every_setting_is_documented_and_no_other() -> None:
    lines = DOCS.read_text(encoding="utf-8").splitlines()
    documented = {line.split("`")[1] for line in lines if line.startswith("| `")}
    assert documented == set(settings.names())


TOKENS = {"SLACK_BOT_TOKEN": "xoxb-1", "APIKEYS_CHANNEL": "#api-keys"}
HTTP = {"APIKEYS_SLACK_LISTEN": "127.0.0.1:8322", "SLACK_SIGNING_SECRET": "secret"}


@pytest.mark.parametrize("way", [{"SLACK_APP_TOKEN": "xapp-1"}, HTTP])
def test_either_way_to_slack_is_enough(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, way: dict[str, str]
) -> None:
    _only(monkeypatch, tmp_path, TOKENS | way)
    assert load_slack().listen == way.get("APIKEYS_SLACK_LISTEN", "")


@pytest.mark.parametrize(
    ("way", "begins"),
    [
        ({}, "SLACK_APP_TOKEN: it is missing."),
        ({"SLACK_APP_TOKEN": "xoxb-1"}, "SLACK_APP_TOKEN: must begin with xapp-"),
        ({"APIKEYS_SLACK_LISTEN": "127.0.0.1:8322"}, "SLACK_SIGNING_SECRET: it is missing."),
        (HTTP | {"APIKEYS_SLACK_LISTEN": "8322"}, "APIKEYS_SLACK_LISTEN: must be an address"),
    ],
)
def test_what_is_missing_or_wrong_is_named_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, way: dict[str, str], begins: str
) -> None:
    _only(monkeypatch, tmp_path, TOKENS | way)
    with pytest.raises(SettingsError) as refused:
        load_slack()
    assert str(refused.value).startswith(begins)
    assert "\n" not in str(refused.value)
    assert "xoxb-1" not in str(refused.value)


@pytest.mark.parametrize(
    ("entered", "channel"),
    [
        ("#api-keys", "#api-keys"),
        (" api-keys ", "#api-keys"),
        ("#schlüssel_2", "#schlüssel_2"),
        ("#キー", "#キー"),
        ("C0123456789", "C0123456789"),
        ("G0123456789", "G0123456789"),
        ("<#C0123456789|api-keys>", "C0123456789"),
        ("<#C0123456789>", "C0123456789"),
        ("https://acme.slack.com/archives/C0123456789", "C0123456789"),
        ("https://acme.enterprise.slack.com/archives/G0123456789/", "G0123456789"),
        ("https://acme.slack.com/archives/C0123456789/p1700000000000100", "C0123456789"),
        (
            "https://acme.slack.com/archives/C0123456789/p17?thread_ts=1.2&cid=C0123456789",
            "C0123456789",
        ),
        ("https://app.slack.com/client/T0ACME/C0123456789", "C0123456789"),
    ],
)
def test_the_ways_to_name_a_channel(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, entered: str, channel: str
) -> None:
    given = {"SLACK_APP_TOKEN": "xapp-1", "APIKEYS_CHANNEL": entered}
    _only(monkeypatch, tmp_path, TOKENS | given)
    assert load_slack().channel == channel


@pytest.mark.parametrize(
    "entered",
    [
        "#",
        "  ",
        "api keys",
        "#api.keys",
        "#API-Keys",
        "##api-keys",
        "---",
        "#" + "x" * 81,
        "c0123456789 or so",
        "D0123456789",
        "U0123456789",
        "<#D0123456789|directmessage>",
        "<@U0123456789>",
        "<!channel>",
        "https://acme.slack.com/archives/",
        "https://acme.slack.com/archives/D0123456789",
        "https://acme.slack.com.evil.example/archives/C0123456789",
        "https://evil.example/archives/C0123456789",
        "https://app.slack.com/client/T0ACME/D0123456789",
    ],
)
def test_what_names_no_channel_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, entered: str
) -> None:
    given = {"SLACK_APP_TOKEN": "xapp-1", "APIKEYS_CHANNEL": entered}
    _only(monkeypatch, tmp_path, TOKENS | given)
    with pytest.raises(SettingsError) as refused:
        load_slack()
    assert str(refused.value).startswith("APIKEYS_CHANNEL: must be a channel’s name or id, such as")
    assert "evil" not in str(refused.value)


@pytest.mark.parametrize("name", ["/apikeys", "/keys-staging", "/k_2", "/" + "k" * 31])
def test_the_command_has_a_name_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    _only(monkeypatch, tmp_path, TOKENS | {"SLACK_APP_TOKEN": "xapp-1", "APIKEYS_COMMAND": name})
    assert load_slack().command == name


@pytest.mark.parametrize(
    "name", ["keys", "/", "/Keys", "/keys staging", "/" + "k" * 32, "/schlüssel"]
)
def test_a_name_that_slack_would_refuse_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    _only(monkeypatch, tmp_path, TOKENS | {"SLACK_APP_TOKEN": "xapp-1", "APIKEYS_COMMAND": name})
    with pytest.raises(SettingsError, match=r"^APIKEYS_COMMAND: must be a slash and then"):
        load_slack()


MANY = HTTP | {
    "SLACK_CLIENT_ID": "1.2",
    "SLACK_CLIENT_SECRET": "s",
    "APIKEYS_PUBLIC_URL": "https://keys.example.com",
    "APIKEYS_SEAL_KEY": "k",
    "APIKEYS_CHANNEL": "#api-keys",
}


def test_many_workspaces_need_no_bot_token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _only(monkeypatch, tmp_path, MANY)
    assert load_slack().many
    _only(monkeypatch, tmp_path, TOKENS | HTTP)
    assert not load_slack().many


@pytest.mark.parametrize(
    ("changes", "begins"),
    [
        ({"SLACK_CLIENT_SECRET": ""}, "SLACK_CLIENT_SECRET: it is missing"),
        ({"APIKEYS_PUBLIC_URL": ""}, "APIKEYS_PUBLIC_URL: it is missing"),
        ({"APIKEYS_PUBLIC_URL": "keys.example.com"}, "APIKEYS_PUBLIC_URL: "),
        ({"APIKEYS_SEAL_KEY": ""}, "APIKEYS_SEAL_KEY: it is missing"),
        ({"APIKEYS_SLACK_LISTEN": ""}, "APIKEYS_SLACK_LISTEN: it is missing"),
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, "SLACK_BOT_TOKEN: it is for one workspace"),
        ({"APIKEYS_ADMINS": "users:U1"}, "APIKEYS_ADMINS: with SLACK_CLIENT_ID it must be"),
        ({"APIKEYS_CHANNEL": "C0123456789"}, "APIKEYS_CHANNEL: with SLACK_CLIENT_ID it must be"),
        ({"SLACK_CLIENT_ID": ""}, "SLACK_BOT_TOKEN: it is missing"),
    ],
)
def test_what_many_workspaces_need_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, changes: dict[str, str], begins: str
) -> None:
    _only(monkeypatch, tmp_path, MANY | changes)
    with pytest.raises(SettingsError) as refused:
        load_slack()
    assert str(refused.value).startswith(begins)


def _only(monkeypatch: pytest.MonkeyPatch, folder: Path, values: dict[str, str]) -> None:
    """The environment has these settings and no others, and no `.env` is read."""
    monkeypatch.chdir(folder)
    for name in settings.names():
        monkeypatch.delenv(name, raising=False)
    for name, value in values.items():
        monkeypatch.setenv(name, value)
