"""The Web API answers any input in Slack's form, and never fails."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.webapi.dispatcher import METHODS
from tests.sandbox.webapi.harness import (
    ALICE,
    GONE,
    GROUP,
    KEYS,
    OLD,
    OUTSIDER,
    Harness,
    home,
    modal,
)

_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
_JSON = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "text", "blocks", "elements"]), inner)
    ),
    max_leaves=8,
)
_KNOWN: st.SearchStrategy[Any] = st.sampled_from(
    [
        KEYS,
        OLD,
        ALICE,
        GONE,
        OUTSIDER,
        GROUP,
        "#general",
        "true",
        "[" * 5000,
        "9" * 5000,
        '{"type": "modal"}',
        '{"display_information": {"name": "x"}, "features": [], "settings": {"a": 1}}',
        "bmV4dDo5OTk5",
        modal(),
        home(),
    ]
)
TOKENS = {"app": "app_token", "config": "config_token"}
_NAMES = st.sampled_from(
    [
        "channel",
        "user",
        "users",
        "text",
        "blocks",
        "attachments",
        "metadata",
        "ts",
        "message_ts",
        "thread_ts",
        "view",
        "message",
        "manifest",
        "view_id",
        "external_id",
        "hash",
        "trigger_id",
        "user_id",
        "limit",
        "cursor",
        "oldest",
        "latest",
        "inclusive",
        "types",
        "usergroup",
        "email",
        "team",
        "include_users",
        "return_im",
        "username",
        "token",
        "error",
    ]
)


@settings(max_examples=300)
@given(st.sampled_from(sorted(METHODS)), st.dictionaries(_NAMES, _KNOWN | _JSON, max_size=6))
def test_any_arguments(method: str, args: dict[str, Any]) -> None:
    harness = Harness()
    harness.install.scopes |= {"users:read.email", "mpim:read", "mpim:history"}
    token = getattr(harness.install, TOKENS.get(METHODS[method].caller, "bot_token"))
    status, headers, body = harness.api.call(method, args, token)
    assert status == 200
    assert headers["X-Slack-Req-Id"]
    assert body["ok"] is True or isinstance(body["error"], str)
    assert [e.status for e in harness.traffic.entries()] == [200]
