"""The practice Slack accepts the manifests that Slack accepts, and explains other refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.base.errors import ManifestError
from sandbox.sandbox import Sandbox
from sandbox.state.manifest import SCOPE_OF_EVENT, read_manifest

OPTIONAL, EVENTS = "/oauth_config/scopes/bot_optional", "/settings/event_subscriptions/bot_events"


def manifest(
    *events: str, commands: tuple[str, ...] = (), **scopes: list[str] | None
) -> dict[str, Any]:
    """A manifest with these scopes and events, as an operator would paste it."""
    described = [{"command": name, "description": "Helps"} for name in commands]
    return {
        "display_information": {"name": "Lunch"},
        "features": {"slash_commands": described},
        "oauth_config": {"scopes": scopes},
        "settings": {"event_subscriptions": {"bot_events": list(events)}},
    }


def errors(source: dict[str, Any]) -> list[tuple[str, str]]:
    """Each rule that is broken, and where."""
    with pytest.raises(ManifestError) as refused:
        read_manifest(source)
    return [(error["message"], error["pointer"]) for error in refused.value.errors]


@pytest.mark.parametrize(
    "taken",
    [
        manifest(),
        manifest(bot=["pins:read"], bot_optional=[]),
        manifest(bot=["pins:read"], bot_optional=["pins:read"]),
        manifest(bot=["pins:read", "files:read"], bot_optional=["files:read"]),
        manifest(user=["search:read"], user_optional=["search:read"]),
        manifest("app_home_opened", "tokens_revoked", bot=["chat:write"]),
        manifest("message.im", bot=["im:history"], bot_optional=["im:history"]),
        manifest("team_join", "user_change", bot=["users:read"]),
        manifest(commands=("/lunch",), bot=["commands"]),
    ],
)
def test_these_are_taken(taken: dict[str, Any]) -> None:
    scopes = taken["oauth_config"]["scopes"]
    read = read_manifest(taken)
    assert read.scopes == tuple(scopes.get("bot", ()))
    assert read.optional_scopes == tuple(scopes.get("bot_optional", ()))


@pytest.mark.parametrize(
    ("bot", "optional", "lacking"),
    [
        ([], ["pins:read"], ["pins:read"]),
        (None, ["pins:read"], ["pins:read"]),
        (["pins:write"], ["pins:read", "pins:write"], ["pins:read"]),
        (["chat:write"], ["files:read", "pins:read"], ["files:read", "pins:read"]),
    ],
)
@pytest.mark.parametrize("kind", ["bot", "user"])
def test_an_optional_scope_must_be_asked_for_as_well(
    kind: str, bot: list[str] | None, optional: list[str], lacking: list[str]
) -> None:
    scopes = {kind: bot, f"{kind}_optional": optional}
    assert errors(manifest(**scopes)) == [  # type: ignore[arg-type]
        (
            f"Optional scope `{scope}` must also be in `{kind}`",
            f"/oauth_config/scopes/{kind}_optional",
        )
        for scope in lacking
    ]


@pytest.mark.parametrize("event", sorted(SCOPE_OF_EVENT))
def test_an_event_needs_its_scope_in_bot(event: str) -> None:
    scope = SCOPE_OF_EVENT[event]
    if scope is None:
        assert read_manifest(manifest(event)).events == (event,)
        return
    assert read_manifest(manifest(event, bot=[scope])).events == (event,)
    missing = (f"Event `{event}` requires `{scope}` bot scope", EVENTS)
    assert errors(manifest(event, bot=["pins:read"])) == [missing]
    optional = (f"Optional scope `{scope}` must also be in `bot`", OPTIONAL)
    assert errors(manifest(event, bot_optional=[scope])) == [optional, missing]
    assert errors(manifest(event, user=[scope])) == [missing]


def test_an_event_that_is_none_here() -> None:
    assert errors(manifest("message.chanels", bot=["channels:history"])) == [
        ("There is no event `message.chanels` here", EVENTS)
    ]


def test_commands_need_their_scope() -> None:
    refused = errors(manifest(commands=("/lunch",), bot=["chat:write"]))
    assert refused == [("Slash Commands requires `commands` bot scope", "/features/slash_commands")]


@pytest.mark.parametrize(
    ("broken", "pointer"),
    [
        ({"display_information": "Lunch"}, "/display_information"),
        ({"display_information": {}}, "/display_information/name"),
        ({"display_information": {"name": "L" * 36}}, "/display_information/name"),
        ({"features": ["/lunch"]}, "/features/bot_user"),
        ({"features": {"slash_commands": {}, "shortcuts": "x"}}, "/features/shortcuts"),
        ({"features": {"slash_commands": ["/lunch"]}}, "/features/slash_commands"),
        (
            {"features": {"slash_commands": [{"command": "/a b", "description": "x"}]}},
            "/features/slash_commands/0/command",
        ),
        (
            {"features": {"slash_commands": [{"command": "/lunch"}]}},
            "/features/slash_commands/0/description",
        ),
        ({"oauth_config": {"scopes": ["commands"]}}, "/oauth_config/scopes"),
        ({"oauth_config": {"scopes": {"bot": "commands"}}}, "/oauth_config/scopes/bot"),
        ({"oauth_config": {"scopes": {"user": [1]}}}, "/oauth_config/scopes/user"),
        ({"settings": {"event_subscriptions": {"bot_events": [{}]}}}, EVENTS),
    ],
)
def test_each_error_points_to_its_place(broken: dict[str, Any], pointer: str) -> None:
    assert [at for _, at in errors({**manifest(), **broken})] == [pointer]


def test_a_file_is_refused_with_each_error_in_words(tmp_path: Path) -> None:
    path = tmp_path / "manifest.yml"  # JSON is YAML as well
    path.write_text(json.dumps(manifest("message.groups", bot_optional=["groups:history"])))
    with pytest.raises(ManifestError) as refused:
        Sandbox(path)
    assert str(refused.value).splitlines() == [
        f"Optional scope `groups:history` must also be in `bot` [{OPTIONAL}]",
        f"Event `message.groups` requires `groups:history` bot scope [{EVENTS}]",
    ]
