"""What Slack restricts only for some apps and workspaces."""

from __future__ import annotations

import pytest

from tests.sandbox.webapi.harness import KEYS, SECRET, Harness


@pytest.fixture
def harness() -> Harness:
    return Harness()


def _post(harness: Harness) -> str:
    ts: str = harness("chat.postMessage", channel=KEYS, text="hi")["ts"]
    return ts


def test_a_message_can_be_edited_for_so_long(harness: Harness) -> None:
    ts = _post(harness)
    harness.workspace.restrictions.edit_window = 3600
    harness.clock.advance(3600)
    assert harness("chat.update", channel=KEYS, ts=ts, text="new")["ok"]
    harness.clock.advance(1)
    edit = {"channel": KEYS, "ts": ts, "text": "newer"}
    assert harness.error("chat.update", **edit) == "edit_window_closed"
    [message] = harness.messages(KEYS)
    assert message.text == "new"


@pytest.mark.parametrize("method", ["conversations.history", "conversations.replies"])
def test_a_distributed_app_reads_once_a_minute_and_15_messages(
    harness: Harness, method: str
) -> None:
    root = _post(harness)
    for _ in range(19):
        harness("chat.postMessage", channel=KEYS, text="hi", thread_ts=root)
        harness("chat.postMessage", channel=KEYS, text="hi")
    args = {"channel": KEYS, "ts": root, "limit": 100}
    assert len(harness(method, **args)["messages"]) == 20
    harness.workspace.restrictions.distributed = True
    found = harness(method, **args)
    assert (len(found["messages"]), found["has_more"]) == (15, True)
    assert harness.error(method, **args) == "ratelimited"
    harness.clock.advance(60)
    rest = harness(method, **args, cursor=found["response_metadata"]["next_cursor"])
    assert (len(rest["messages"]), rest["has_more"]) == (5, False)


def test_a_private_channel_is_found_by_its_id_alone(harness: Harness) -> None:
    harness.workspace.channels[SECRET].members.append(harness.install.bot_user)
    assert harness.error("chat.postMessage", channel="#secret", text="hi") == "channel_not_found"
    assert harness.error("chat.postMessage", channel="secret", text="hi") == "channel_not_found"
    assert harness("chat.postMessage", channel=SECRET, text="hi")["ok"]
    assert harness("chat.postMessage", channel="#api-keys", text="hi")["ok"]
