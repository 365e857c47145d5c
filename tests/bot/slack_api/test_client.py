"""The Slack client: deadlines, retries, paging, and one exception per kind of refusal."""

from __future__ import annotations

import inspect
import io
import json
import urllib.error
from email.message import Message
from typing import Any

import pytest
from pytest_mock import MockerFixture

from bot.slack_api import errors
from bot.slack_api.client import Limits, Posted, SlackClient, web_calls
from bot.slack_api.errors import (
    BadCredentials,
    ChannelFault,
    ChannelProblem,
    GroupProblem,
    MessageFixed,
    MessageGone,
    MissingScope,
    NotDeliverable,
    PersonUnknown,
    RateLimited,
    Refused,
    SlackError,
    StaleView,
    TooManyViews,
    TriggerExpired,
    Unavailable,
    Undelivered,
    ViewGone,
    translate,
)
from tests.bot.fake_slack import FakeCalls, FakeTime, refusal

OK: dict[str, Any] = {"ok": True}
POSTED = {"ok": True, "channel": "D1", "ts": "1.2"}
DM = {"ok": True, "channel": {"id": "D1"}}


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
    with pytest.raises(RateLimited, match="wait 60 seconds") as caught:
        client(calls, time).user_info("U1")
    assert caught.value.retry_after == 60
    assert time.slept == []


@pytest.mark.parametrize("text", ["soon", "", "nan", "inf", "-3"])
def test_an_odd_retry_after_is_one_second(text: str) -> None:
    error = translate("users.info", 429, {"Retry-After": text}, {})
    assert isinstance(error, RateLimited)
    assert error.retry_after == 1


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


def test_updating_without_blocks_removes_the_old_ones() -> None:
    calls = FakeCalls(chat__update=[OK])
    client(calls).update(Posted("D1", "1"), "done")
    assert calls.asked[0][1]["blocks"] == []


@pytest.mark.parametrize(
    ("method", "code", "kind"),
    [
        ("chat.postMessage", "messages_tab_disabled", NotDeliverable),
        ("conversations.open", "user_not_found", NotDeliverable),
        ("users.info", "user_not_found", PersonUnknown),
        ("users.info", "user_not_visible", PersonUnknown),
        ("usergroups.users.list", "no_such_subteam", GroupProblem),
        ("chat.postMessage", "not_in_channel", ChannelProblem),
        ("chat.update", "message_not_found", MessageGone),
        ("chat.update", "edit_window_closed", MessageFixed),
        ("chat.update", "cant_update_message", MessageFixed),
        ("chat.update", "block_mismatch", MessageFixed),
        ("chat.delete", "cant_delete_message", MessageFixed),
        ("chat.update", "is_inactive", ChannelProblem),
        ("chat.update", "update_failed", Unavailable),
        ("views.update", "hash_conflict", StaleView),
        ("views.update", "not_found", ViewGone),
        ("views.push", "push_limit_reached", TooManyViews),
        ("views.open", "expired_trigger_id", TriggerExpired),
        ("views.open", "exchanged_trigger_id", TriggerExpired),
        ("chat.postMessage", "ratelimited", RateLimited),
        ("chat.postMessage", "fatal_error", Unavailable),
        ("chat.postMessage", "missing_scope", MissingScope),
        ("auth.test", "invalid_auth", BadCredentials),
        ("views.open", "invalid_blocks", Refused),
    ],
)
def test_each_code_has_its_class(method: str, code: str, kind: type[SlackError]) -> None:
    error = translate(method, 200, {}, {"ok": False, "error": code})
    assert type(error) is kind
    assert error.method == method
    assert str(error).endswith(".")


def test_kinds_say_more() -> None:
    undelivered = translate("conversations.open", 200, {}, {"error": "cannot_dm_bot"})
    assert isinstance(undelivered, NotDeliverable)
    assert undelivered.kind is Undelivered.BOT
    channel = translate("chat.postMessage", 200, {}, {"error": "is_archived"})
    assert isinstance(channel, ChannelProblem)
    assert channel.kind is ChannelFault.ARCHIVED
    scope = translate("x", 200, {}, {"error": "missing_scope", "needed": "users:read"})
    assert "“users:read”" in str(scope)


def test_every_kind_has_a_sentence() -> None:
    for undelivered in Undelivered:
        assert str(NotDeliverable(undelivered, method="m", code="c"))
    for fault in ChannelFault:
        assert str(ChannelProblem(fault, method="m", code="c"))


def test_the_tree_in_the_docstring_is_whole() -> None:
    tree = errors.__doc__ or ""
    for name, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, SlackError):
            assert name in tree


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
