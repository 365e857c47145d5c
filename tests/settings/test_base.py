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
