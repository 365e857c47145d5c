"""One exception class for each kind of refusal by Slack, and a sentence for each."""

from __future__ import annotations

import inspect

import pytest

from bot.slack_api import errors
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


@pytest.mark.parametrize("text", ["soon", "", "nan", "inf", "-3"])
def test_an_odd_retry_after_is_one_second(text: str) -> None:
    error = translate("users.info", 429, {"Retry-After": text}, {})
    assert isinstance(error, RateLimited)
    assert error.retry_after == 1


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
