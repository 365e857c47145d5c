"""Scheduled messages, enforced rate limits, changed scopes, and membership."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.base.clock import HeldClock
from sandbox.base.errors import SandboxError
from sandbox.sandbox import Sandbox
from sandbox.state.models import Json
from tests.sandbox.page.demo_app import MANIFEST
from tests.waiting import waits_until

DAY = 24 * 60 * 60


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
def slack(clock: HeldClock) -> Any:
    made = Sandbox(MANIFEST, clock=clock, enforce_rate_limits=True)
    made.add_person("alice")
    made.add_channel("ops", members=["alice"])
    made.invite_app("#ops")
    yield made
    made.close()


def call(slack: Sandbox, method: str, **args: Any) -> Json:
    return slack.call(method, args, slack.bot_token)[2]


def channel(slack: Sandbox) -> str:
    found = slack.workspace.channel_named("ops")
    assert found is not None
    return found.id


def later(slack: Sandbox, clock: HeldClock, seconds: float, **more: Any) -> Json:
    at = int(clock.now() + seconds)
    return call(
        slack, "chat.scheduleMessage", channel=channel(slack), text="Later", post_at=at, **more
    )


def test_a_message_for_later_comes_when_its_time_has_come(slack: Sandbox, clock: HeldClock) -> None:
    made = later(slack, clock, 100)
    assert made["ok"]
    waiting = call(slack, "chat.scheduledMessages.list")["scheduled_messages"]
    assert [each["id"] for each in waiting] == [made["scheduled_message_id"]]
    alice = slack.person("alice").goes_to("#ops")
    clock.advance(99)
    alice.never_sees("Later")
    clock.advance(1)
    alice.sees("Later")
    assert call(slack, "chat.scheduledMessages.list")["scheduled_messages"] == []


def test_one_that_was_taken_back_and_one_with_metadata_never_come(
    slack: Sandbox, clock: HeldClock
) -> None:
    taken = later(slack, clock, 100)["scheduled_message_id"]
    how = {"channel": channel(slack), "scheduled_message_id": taken}
    assert call(slack, "chat.deleteScheduledMessage", **how)["ok"]
    again = call(slack, "chat.deleteScheduledMessage", **how)
    assert again["error"] == "invalid_scheduled_message_id"
    assert later(slack, clock, 50, metadata={"event_type": "a", "event_payload": {}})["ok"]
    clock.advance(101)
    waits_until(lambda: call(slack, "chat.scheduledMessages.list")["scheduled_messages"] == [])
    slack.person("alice").goes_to("#ops").never_sees("Later")


@pytest.mark.parametrize(
    ("seconds", "error"), [(0, "time_in_past"), (120 * DAY + 2, "time_too_far")]
)
def test_its_time_is_bounded(slack: Sandbox, clock: HeldClock, seconds: float, error: str) -> None:
    assert later(slack, clock, seconds)["error"] == error


def test_where_it_could_not_be_posted_it_is_refused_at_once(
    slack: Sandbox, clock: HeldClock
) -> None:
    slack.add_channel("elsewhere", members=["alice"])
    refused = call(
        slack, "chat.scheduleMessage", channel="#elsewhere", text="a", post_at=clock.now() + 9
    )
    assert refused["error"] == "not_in_channel"
    assert later(slack, clock, 9, blocks=[{"type": "nonsense"}])["error"] == "invalid_blocks"


def test_calls_beyond_the_tier_get_retry_after(slack: Sandbox, clock: HeldClock) -> None:
    for _ in range(20):
        assert call(slack, "users.list")["ok"]
    status, headers, body = slack.call("users.list", {}, slack.bot_token)
    assert (status, headers["Retry-After"], body["error"]) == (429, "60", "ratelimited")
    assert call(slack, "auth.test")["ok"]
    clock.advance(60)
    assert call(slack, "users.list")["ok"]


def test_one_message_a_second_in_each_channel(slack: Sandbox, clock: HeldClock) -> None:
    post = {"channel": channel(slack), "text": "a"}
    assert call(slack, "chat.postMessage", **post)["ok"]
    assert call(slack, "chat.postMessage", **post)["error"] == "ratelimited"
    slack.invite_app("#general")
    assert call(slack, "chat.postMessage", channel="#general", text="a")["ok"]
    clock.advance(1)
    assert call(slack, "chat.postMessage", **post)["ok"]


def test_limits_are_off_unless_asked_for(clock: HeldClock) -> None:
    free = Sandbox(MANIFEST, clock=clock)
    assert all(call(free, "users.list")["ok"] for _ in range(30))
    free.close()


def test_scopes_come_and_go(slack: Sandbox) -> None:
    slack.revoke_scope("users:read")
    refused = call(slack, "users.list")
    assert (refused["error"], refused["needed"]) == ("missing_scope", "users:read")
    assert "users:read" not in refused["provided"]
    slack.grant_scope("users:read")
    assert call(slack, "users.list")["ok"]


def test_who_is_in_which_channel(slack: Sandbox) -> None:
    gone = slack.add_person("gone", role="deactivated")
    guest = slack.add_person("guest", role="single_channel_guest")
    workspace = slack.workspace
    assert workspace.channels_of(gone.id) == workspace.channels_of(guest.id) == []
    slack.add_channel("partners", members=["alice", "gone", "guest"])
    assert workspace.channels_of(gone.id) == []
    assert [each.name for each in workspace.channels_of(guest.id)] == ["partners"]
    with pytest.raises(SandboxError, match="guest of #partners alone"):
        slack.add_channel("more", members=["guest"])


def test_a_deactivated_user_leaves_all_channels(slack: Sandbox) -> None:
    alice = slack.person("alice")
    slack.deactivate("alice")
    assert slack.workspace.channels_of(alice.id) == []
