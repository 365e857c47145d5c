"""Calls of Slack's Web API: deadlines, retries and paging, and what slack_sdk makes of HTTP."""

from __future__ import annotations

import io
import json
import urllib.error
from email.message import Message
from typing import Any

import pytest
from pytest_mock import MockerFixture

from bot.slack_api.client import Posted, SlackClient
from bot.slack_api.errors import (
    RateLimited,
    Refused,
    SlackError,
    Unavailable,
)
from bot.slack_api.transport import Limits, web_calls
from tests.bot.harness.fake_slack import FakeCalls, FakeTime, refusal

OK: dict[str, Any] = {"ok": True}
POSTED = {"ok": True, "channel": "D1", "ts": "1.2"}


def client(calls: FakeCalls, time: FakeTime | None = None, **limits: Any) -> SlackClient:
    time = time or FakeTime()
    return SlackClient(calls, Limits(**limits), sleep=time.sleep, monotonic=time.monotonic)


def test_retry_after_is_honoured() -> None:
    time = FakeTime()
    calls = FakeCalls(chat__postMessage=[refusal("ratelimited", 429, {"Retry-After": "7"}), POSTED])
    assert client(calls, time).post("D1", "hello") == Posted("D1", "1.2")
    assert time.slept == [7.0]


def test_a_wait_longer_than_the_deadline_is_not_begun() -> None:
    time = FakeTime()
    calls = FakeCalls(users__info=[refusal("ratelimited", 429, {"retry-after": "60"})])
    with pytest.raises(RateLimited, match="again in 60 seconds") as caught:
        client(calls, time).user_info("U1")
    assert caught.value.retry_after == 60
    assert time.slept == []


def test_failures_are_retried_until_the_total_deadline() -> None:
    time = FakeTime()
    calls = FakeCalls(users__info=[refusal("", 503)])
    with pytest.raises(Unavailable):
        client(calls, time, total=10.0, attempt=4.0).user_info("U1")
    assert 100 < time.at < 110
    assert len(calls.asked) > 3
    assert calls.timeouts[0] == 4.0
    assert calls.timeouts[-1] <= 110 - time.at + 0.001


def test_time_spent_in_attempts_counts() -> None:
    time = FakeTime()

    def slow(args: dict[str, Any]) -> dict[str, Any]:
        time.at += 8
        raise TimeoutError

    calls = FakeCalls(users__info=[slow])
    with pytest.raises(Unavailable):
        client(calls, time, total=10.0).user_info("U1")
    assert len(calls.asked) == 2
    assert calls.timeouts[1] < 2


def test_a_read_succeeds_after_a_failure() -> None:
    calls = FakeCalls(users__info=[TimeoutError(), {"ok": True, "user": {"id": "U1"}}])
    assert client(calls).user_info("U1") == {"id": "U1"}


@pytest.mark.parametrize(
    "failure",
    [TimeoutError(), ConnectionResetError(), urllib.error.URLError(TimeoutError()),
     refusal("", 500), refusal("internal_error")],
)  # fmt: skip
def test_a_post_that_slack_may_have_taken_is_not_repeated(failure: Exception) -> None:
    calls = FakeCalls(chat__postMessage=[failure, POSTED])
    with pytest.raises(Unavailable) as caught:
        client(calls).post("C1", "hello")
    assert caught.value.outcome_unknown
    assert len(calls.asked) == 1


def test_a_post_that_never_left_is_repeated() -> None:
    refused = urllib.error.URLError(ConnectionRefusedError())
    calls = FakeCalls(chat__postMessage=[refused, POSTED])
    assert client(calls).post("C1", "hello").ts == "1.2"


def test_quick_is_one_short_attempt() -> None:
    time = FakeTime()
    calls = FakeCalls(users__info=[TimeoutError()], views__open=[refusal("ratelimited", 429)])
    quick = client(calls, time).quick(1.2)
    with pytest.raises(Unavailable):
        quick.user_info("U1")
    with pytest.raises(RateLimited):
        quick.open_view("t", {})
    assert calls.timeouts == [1.2, 1.2]
    assert time.slept == []


def test_pages_follow_the_cursor() -> None:
    calls = FakeCalls(
        users__list=[
            {"members": [{"id": "U1"}], "response_metadata": {"next_cursor": "b"}},
            {"members": [{"id": "U2"}], "response_metadata": {"next_cursor": ""}},
        ]
    )
    assert [user["id"] for user in client(calls).users()] == ["U1", "U2"]
    assert [args.get("cursor") for _, args in calls.asked] == [None, "b"]


def test_a_cursor_that_stands_still_ends() -> None:
    page = {"members": [{"id": "U1"}], "response_metadata": {"next_cursor": "b"}}
    assert len(list(client(FakeCalls(users__list=[page])).users())) == 2


def test_several_calls_can_share_one_deadline() -> None:
    calls = FakeCalls(chat__update=[refusal("ratelimited", 429, {"Retry-After": "20"}), OK])
    time = FakeTime()
    slack = SlackClient(calls, sleep=time.sleep, monotonic=time.monotonic).within(30)
    slack.update(Posted("D1", "1"), "one")
    calls.replies["chat.update"] = [refusal("ratelimited", 429, {"Retry-After": "20"}), OK]
    with pytest.raises(RateLimited):
        slack.update(Posted("D1", "1"), "two")
    assert time.slept == [20]
    time.at += 10
    asked = len(calls.asked)
    with pytest.raises(Unavailable) as caught:
        slack.update(Posted("D1", "1"), "three")
    assert not caught.value.outcome_unknown
    assert len(calls.asked) == asked


def test_what_slack_answered_is_not_chained() -> None:
    calls = FakeCalls(chat__postMessage=[refusal("invalid_blocks", text="canary")])
    with pytest.raises(Refused) as caught:
        client(calls).post("C1", "hello")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "canary" not in str(caught.value)


def http_error(status: int, body: str, **headers: str) -> urllib.error.HTTPError:
    message = Message()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return urllib.error.HTTPError("u", status, "no", message, io.BytesIO(body.encode()))


def test_slack_sdk_is_called_once_with_the_time_limit(mocker: MockerFixture) -> None:
    response = mocker.MagicMock(code=200)
    response.headers.get_content_type.return_value = "application/json"
    response.headers.get_content_charset.return_value = "utf-8"
    response.read.return_value = json.dumps({"ok": True, "user": {"id": "U1"}}).encode()
    urlopen = mocker.patch("slack_sdk.web.base_client.urlopen", return_value=response)
    slack = SlackClient(web_calls("xoxb-x", "http://127.0.0.1:1/api")).quick(0.5)
    assert slack.user_info("U1") == {"id": "U1"}
    assert urlopen.call_args.kwargs["timeout"] == pytest.approx(0.5, abs=0.1)
    assert urlopen.call_args.args[0].full_url == "http://127.0.0.1:1/api/users.info"
    assert urlopen.call_args.args[0].data == b"user=U1"


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        ((429, "", "3"), RateLimited),
        ((502, "<html>bad</html>", ""), Unavailable),
        ((200, "<html>hello</html>", ""), Refused),
        ((404, "", ""), Refused),
    ],
)
def test_what_slack_sdk_makes_of_http_is_understood(
    mocker: MockerFixture, failure: tuple[int, str, str], kind: type[SlackError]
) -> None:
    status, body, after = failure
    error = http_error(status, body, Retry_After=after)
    opened = mocker.patch("slack_sdk.web.base_client.urlopen", side_effect=error)
    with pytest.raises(kind) as caught:
        SlackClient(web_calls("xoxb-x")).quick().post("C1", "hello")
    error.close()
    assert opened.call_count == 1
    assert "html" not in str(caught.value)
    if isinstance(caught.value, RateLimited):
        assert caught.value.retry_after == 3


def test_a_refused_connection_is_unavailable(mocker: MockerFixture) -> None:
    mocker.patch(
        "slack_sdk.web.base_client.urlopen",
        side_effect=urllib.error.URLError(ConnectionRefusedError()),
    )
    with pytest.raises(Unavailable) as caught:
        SlackClient(web_calls("xoxb-x")).quick().auth_test()
    assert not caught.value.outcome_unknown
