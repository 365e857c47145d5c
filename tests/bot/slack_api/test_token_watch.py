"""A token that Slack no longer accepts is not tried in a loop."""

from __future__ import annotations

import pytest
from slack_sdk.errors import SlackApiError

from bot.slack_api.token_watch import TRY_EVERY, TokenWatch
from bot.slack_api.transport import Calls
from tests.bot.harness.fake_slack import FakeCalls, FakeTime, refusal


def ask(calls: Calls) -> None:
    calls("auth.test", {}, form=False, timeout=1.0)


@pytest.mark.parametrize("code", ["token_revoked", "account_inactive", "invalid_auth"])
def test_after_a_refusal_slack_is_asked_now_and_then(code: str) -> None:
    time, calls = FakeTime(), FakeCalls(auth__test=[refusal(code)])
    watch = TokenWatch(time.monotonic)
    watched = watch.watch(calls)
    for _ in range(50):
        with pytest.raises(SlackApiError):
            ask(watched)
    assert (len(calls.asked), watch.ended, watch.waits) == (1, code, True)
    time.at += TRY_EVERY
    assert not watch.waits
    with pytest.raises(SlackApiError):
        ask(watched)
    assert (len(calls.asked), watch.waits) == (2, True)


def test_a_token_that_works_again_is_noticed() -> None:
    time, calls = FakeTime(), FakeCalls(auth__test=[refusal("token_revoked"), {}])
    watch = TokenWatch(time.monotonic)
    watched = watch.watch(calls)
    with pytest.raises(SlackApiError):
        ask(watched)
    time.at += TRY_EVERY
    ask(watched)
    assert watch.ended == ""
    ask(watched)
    assert len(calls.asked) == 3


@pytest.mark.parametrize("code", ["ratelimited", "internal_error", "channel_not_found"])
def test_another_error_says_nothing_of_the_token(code: str) -> None:
    calls = FakeCalls(auth__test=[refusal(code)])
    watch = TokenWatch(FakeTime().monotonic)
    watched = watch.watch(calls)
    for _ in range(3):
        with pytest.raises(SlackApiError):
            ask(watched)
    assert (len(calls.asked), watch.ended) == (3, "")


def test_a_missing_permission_is_remembered() -> None:
    calls = FakeCalls(auth__test=[refusal("missing_scope", needed="usergroups:read")])
    watch = TokenWatch(FakeTime().monotonic)
    with pytest.raises(SlackApiError):
        ask(watch.watch(calls))
    assert watch.missing_scopes == {"usergroups:read"}
