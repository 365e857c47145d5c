"""A message is found, or posted once more, with 15 messages a call and one call a minute."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack_api.client import SlackClient
from bot.slack_api.errors import RateLimited
from bot.slack_api.post_once import OutgoingMessage, post, remove_double
from bot.slack_api.searches import PAGES_AT_MOST, PAGES_BEFORE_POSTING
from keys.changes.outbox import TEAM
from tests.bot.harness.fake_slack import FakeCalls, FakeTime, refusal

SINCE = datetime(2026, 3, 2, 9, tzinfo=UTC)
MESSAGE: Any = {"text": "A key was created.", "blocks": []}
OUTGOING = OutgoingMessage("ntc_1", TEAM, "C1", "C1", SINCE)
A_CALL = 15


class Channel(FakeCalls):
    """A channel in which `above` newer messages are above ours, and whose history is limited."""

    def __init__(self, above: int, *, ours: bool = True) -> None:
        super().__init__(
            chat__postMessage=[self._post], conversations__history=[self._history],
            chat__delete=[self._delete],
        )  # fmt: skip
        other: list[dict[str, Any]] = [{"ts": f"{n}.0"} for n in range(100, 100 + above)]
        self.messages = [*other, *([self._ours("1.0")] if ours else [])]
        self.allowed = 1

    @staticmethod
    def _ours(ts: str) -> dict[str, Any]:
        return {"ts": ts, "metadata": {"event_payload": {"id": "ntc_1"}}}

    def _post(self, args: dict[str, Any]) -> dict[str, Any]:
        self.messages.insert(0, self._ours("999.0"))
        return {"channel": args["channel"], "ts": "999.0"}

    def _delete(self, args: dict[str, Any]) -> dict[str, Any]:
        self.messages = [one for one in self.messages if one["ts"] != args["ts"]]
        return {}

    def _history(self, args: dict[str, Any]) -> dict[str, Any]:
        if not self.allowed:
            raise refusal("ratelimited", 429, {"Retry-After": "60"})
        self.allowed -= 1
        first = int(args.get("cursor") or 0)
        more = first + A_CALL < len(self.messages)
        return {
            "messages": self.messages[first : first + A_CALL],
            "response_metadata": {"next_cursor": str(first + A_CALL) if more else ""},
        }

    def left(self) -> list[str]:
        """The `ts` of each message of ours."""
        return [one["ts"] for one in self.messages if "metadata" in one]


def attempts(slack: SlackClient, channel: Channel, most: int = 100) -> int:
    """Tries once a minute until the message is there; returns how often."""
    for attempt in range(1, most):
        channel.allowed = 1
        try:
            post(slack, OUTGOING, MESSAGE)
        except RateLimited:
            continue
        return attempt
    raise AssertionError("it was never said")


def client(channel: Channel) -> SlackClient:
    time = FakeTime()
    return SlackClient(channel, sleep=time.sleep, monotonic=time.monotonic)


@pytest.mark.parametrize("above", [0, 14, 15, 16, 100, 119])
def test_a_message_below_newer_ones_is_found_without_beginning_again(above: int) -> None:
    channel = Channel(above)
    assert attempts(client(channel).within(1.0), channel) == above // A_CALL + 1
    assert channel.left() == ["1.0"]


@given(above=st.integers(0, 200))
def test_a_message_that_is_not_there_is_posted_after_a_bounded_search(above: int) -> None:
    channel = Channel(above, ours=False)
    assert attempts(client(channel).within(1.0), channel) <= PAGES_BEFORE_POSTING + 1
    assert channel.left() == ["999.0"]
    assert channel.methods().count("chat.postMessage") == 1


@pytest.mark.parametrize("above", [130, 400])
def test_the_earlier_of_two_is_deleted_when_it_is_found(above: int) -> None:
    channel = Channel(above)
    slack = client(channel).within(1.0)
    attempts(slack, channel)
    assert channel.left() == ["999.0", "1.0"]
    for _ in range(PAGES_AT_MOST):
        channel.allowed = 1
        if not remove_double(slack):
            break
    assert channel.left() == ["999.0"]
    assert not remove_double(slack)


def test_a_search_for_a_double_has_an_end() -> None:
    channel = Channel(5_000)
    slack = client(channel).within(1.0)
    attempts(slack, channel)
    looked = 0
    channel.allowed = 1
    while remove_double(slack):
        channel.allowed = 1
        looked += 1
    assert looked <= PAGES_AT_MOST


def test_everybody_of_an_organisation_is_listed_once() -> None:
    teams = {"T1": ["W1", "W2"], "T2": ["W2", "W3"]}

    def users(args: dict[str, Any]) -> dict[str, Any]:
        if "team_id" not in args:
            raise refusal("team_not_found")
        return {"members": [{"id": user} for user in teams[args["team_id"]]]}

    calls = FakeCalls(
        auth__teams__list=[{"teams": [{"id": team} for team in teams]}], users__list=[users]
    )
    slack = SlackClient(calls)
    slack.org_wide = True
    assert [user["id"] for user in slack.users()] == ["W1", "W2", "W3"]
