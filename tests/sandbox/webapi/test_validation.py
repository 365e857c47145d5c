"""apps.manifest.validate and blocks.validate: manifests, blocks, messages and views."""

from __future__ import annotations

import json
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from sandbox.state.models import Json
from tests.sandbox.webapi.harness import MANIFEST, Harness, button, home, modal
from tests.sandbox.webapi.test_sdk import InProcess

UNKNOWN = {"type": "section", "text": {"type": "plaintext", "text": "Hello"}}
EXACTLY_ONE = "must provide exactly one of `blocks`, `view`, or `message`"


@pytest.fixture
def harness() -> Harness:
    return Harness()


@pytest.fixture
def client(harness: Harness) -> InProcess:
    client = InProcess(harness)
    client.token = harness.install.config_token
    return client


def asks(harness: Harness, manifest: object) -> Json:
    args = {"manifest": manifest}
    return harness.api.call("apps.manifest.validate", args, harness.install.config_token)[2]


def test_a_manifest_is_taken(harness: Harness, client: InProcess) -> None:
    assert client.apps_manifest_validate(manifest=MANIFEST)["ok"] is True
    harness.install.active = False  # the app need be installed nowhere
    assert asks(harness, json.dumps(MANIFEST)) == {"ok": True}


def test_a_manifest_is_refused_with_the_place_of_each_error(client: InProcess) -> None:
    manifest = {
        "display_information": {"name": "Lunch"},
        "oauth_config": {"scopes": {"bot": ["chat:write"], "bot_optional": ["im:history"]}},
        "settings": {"event_subscriptions": {"bot_events": ["message.im"]}},
    }
    with pytest.raises(SlackApiError) as refused:
        client.apps_manifest_validate(manifest=manifest)
    answer = refused.value.response
    assert (answer["ok"], answer["error"]) == (False, "invalid_manifest")
    assert answer["errors"] == [
        {
            "message": "Optional scope `im:history` must also be in `bot`",
            "pointer": "/oauth_config/scopes/bot_optional",
        },
        {
            "message": "Event `message.im` requires `im:history` bot scope",
            "pointer": "/settings/event_subscriptions/bot_events",
        },
    ]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (None, "invalid_arguments"),
        (MANIFEST, "invalid_arguments"),
        ("display_information:", "invalid_manifest"),
        ("[" * 5000, "invalid_manifest"),
        ("[]", "invalid_manifest"),
        ("null", "invalid_manifest"),
        ('{"display_information": []}', "invalid_manifest"),
    ],
)
def test_what_is_no_manifest_is_refused(harness: Harness, given: object, error: str) -> None:
    assert asks(harness, given)["error"] == error


def test_a_manifest_takes_a_configuration_token(harness: Harness) -> None:
    for token in (harness.install.bot_token, harness.install.app_token):
        answer = harness.api.call("apps.manifest.validate", {"manifest": "{}"}, token)[2]
        assert answer["error"] == "not_allowed_token_type"
    assert harness.api.call("auth.test", {}, harness.install.config_token)[2]["ok"] is False


@pytest.mark.parametrize(
    "given",
    [
        {"blocks": [button(), {"type": "divider"}]},
        {"message": {"blocks": [button()]}},
        {"view": modal()},
        {"view": home()},
    ],
)
def test_blocks_are_taken_whatever_the_token_and_the_scopes(
    harness: Harness, client: InProcess, given: dict[str, Any]
) -> None:
    harness.install.scopes = set()
    for token in (
        harness.install.bot_token,
        harness.install.app_token,
        harness.install.config_token,
    ):
        client.token = token
        assert client.blocks_validate(**given)["ok"] is True


@pytest.mark.parametrize(
    ("given", "error", "pointer"),
    [
        ({"blocks": [button(), UNKNOWN]}, "invalid_blocks", "/1/text/type"),
        ({"message": {"blocks": [UNKNOWN]}}, "invalid_message", "/blocks/0/text/type"),
        ({"view": modal() | {"blocks": [UNKNOWN]}}, "invalid_view", "/blocks/0/text/type"),
        (
            {"view": home() | {"blocks": [button("x" * 76)]}},
            "invalid_view",
            "/blocks/0/elements/0/text/text",
        ),
    ],
)
def test_blocks_are_refused_with_the_place_of_the_error(
    client: InProcess, given: dict[str, Any], error: str, pointer: str
) -> None:
    with pytest.raises(SlackApiError) as refused:
        client.blocks_validate(**given)
    answer = refused.value.response
    assert answer["error"] == error
    (found,) = answer["errors"]
    assert (found["code"], found["pointer"]) == ("failed_constraint", pointer)
    assert found["message"]
    assert "json-pointer" not in found["message"]


@pytest.mark.parametrize("given", [{}, {"blocks": [button()], "view": home()}])
def test_exactly_one_is_checked_at_a_time(client: InProcess, given: dict[str, Any]) -> None:
    with pytest.raises(SlackApiError) as refused:
        client.blocks_validate(**given)
    answer = refused.value.response
    assert answer["error"] == "invalid_arguments"
    assert answer["response_metadata"]["messages"] == [EXACTLY_ONE]
