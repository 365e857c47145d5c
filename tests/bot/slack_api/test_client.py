"""The Slack client: messages, direct messages, modals, and what their answers mean."""

from __future__ import annotations

from typing import Any

import pytest

from bot.slack_api.client import Posted, SlackClient
from bot.slack_api.errors import (
    MessageFixed,
    Unavailable,
)
from tests.bot.harness.fake_slack import FakeCalls, FakeTime, refusal

OK: dict[str, Any] = {"ok": True}
POSTED = {"ok": True, "channel": "D1", "ts": "1.2"}
DM = {"ok": True, "channel": {"id": "D1"}}


def client(calls: FakeCalls) -> SlackClient:
    time = FakeTime()
    return SlackClient(calls, sleep=time.sleep, monotonic=time.monotonic)


def test_the_dm_channel_is_opened_once_a_person() -> None:
    calls = FakeCalls(conversations__open=[DM], chat__postMessage=[POSTED])
    slack = client(calls)
    slack.dm("U1", "a")
    slack.quick().dm("U1", "b")
    assert calls.methods() == ["conversations.open", "chat.postMessage", "chat.postMessage"]
    slack.dm("U2", "c")
    assert calls.methods().count("conversations.open") == 2


def test_a_dm_channel_that_is_gone_is_opened_again() -> None:
    calls = FakeCalls(
        conversations__open=[DM, {"channel": {"id": "D2"}}],
        chat__postMessage=[POSTED, refusal("channel_not_found"), POSTED],
    )
    slack = client(calls)
    slack.dm("U1", "a")
    slack.dm("U1", "b")
    assert [args["channel"] for name, args in calls.asked if name == "chat.postMessage"] == [
        "D1",
        "D1",
        "D2",
    ]


@pytest.mark.parametrize("answer", [{}, {"channel": {}}, {"channel": "C1", "ts": None}])
def test_a_success_that_says_nothing_is_unclear(answer: dict[str, Any]) -> None:
    calls = FakeCalls(chat__postMessage=[answer], conversations__open=[answer])
    with pytest.raises(Unavailable) as posting:
        client(calls).post("C1", "a")
    with pytest.raises(Unavailable) as opening:
        client(calls).dm("U1", "a")
    assert posting.value.outcome_unknown
    assert opening.value.outcome_unknown


def test_deleting_says_whether_it_was_there() -> None:
    calls = FakeCalls(
        chat__delete=[OK, refusal("message_not_found"), refusal("cant_delete_message")]
    )
    slack = client(calls)
    assert slack.delete(Posted("D1", "1"))
    assert not slack.delete(Posted("D1", "1"))
    with pytest.raises(MessageFixed):
        slack.delete(Posted("D1", "1"))


def test_arguments_that_are_none_are_left_out() -> None:
    calls = FakeCalls(views__update=[{"view": {"hash": "h2"}}])
    assert client(calls).update_view("V1", {"type": "modal"}) == {"hash": "h2"}
    assert calls.asked == [("views.update", {"view_id": "V1", "view": {"type": "modal"}})]


def test_updating_without_blocks_removes_the_old_ones() -> None:
    calls = FakeCalls(chat__update=[OK])
    client(calls).update(Posted("D1", "1"), "done")
    assert calls.asked[0][1]["blocks"] == []
