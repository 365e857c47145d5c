"""Dispatching calls: tokens, scopes, faults, traffic and rate limits."""

import json

import pytest

from sandbox.webapi.dispatcher import METHODS
from tests.sandbox.webapi.harness import ALICE, GENERAL, KEYS, Harness


@pytest.fixture
def harness() -> Harness:
    return Harness()


def test_who_the_bot_is(harness: Harness) -> None:
    answer = harness("auth.test")
    assert answer["ok"] is True
    assert answer["user_id"] == harness.install.bot_user
    assert answer["team_id"] == "T0ACME"


@pytest.mark.parametrize("method", sorted(m for m, d in METHODS.items() if d.caller != "nobody"))
def test_every_method_wants_a_good_token(harness: Harness, method: str) -> None:
    assert harness.api.call(method, {}, None)[2]["error"] == "not_authed"
    assert harness.api.call(method, {}, "xoxb-guess")[2]["error"] == "invalid_auth"


@pytest.mark.parametrize("method", sorted(m for m, d in METHODS.items() if d.caller == "bot"))
def test_the_app_token_is_not_the_bots(harness: Harness, method: str) -> None:
    answer = harness.api.call(method, {}, harness.install.app_token)[2]
    assert answer["error"] == "not_allowed_token_type"


@pytest.mark.parametrize("method", sorted(m for m, d in METHODS.items() if d.scopes))
def test_every_scope_is_asked_for(harness: Harness, method: str) -> None:
    harness.install.scopes = {"reactions:read"}
    answer = harness(method)
    assert answer["error"] == "missing_scope"
    assert answer["needed"] == ",".join(METHODS[method].scopes)
    assert answer["provided"] == "reactions:read"


def test_a_token_in_the_arguments(harness: Harness) -> None:
    assert (
        harness.api.call("auth.test", {"token": harness.install.bot_token}, None)[2]["ok"] is True
    )


def test_a_removed_app(harness: Harness) -> None:
    harness.install.active = False
    assert harness.error("auth.test") == "account_inactive"


def test_unknown_method(harness: Harness) -> None:
    assert harness("chat.postMesage")["error"] == "unknown_method"
    assert harness("chat.postMesage")["req_method"] == "chat.postMesage"


def test_api_test_needs_no_token(harness: Harness) -> None:
    assert harness.api.call("api.test", {"a": "b"}, None)[2] == {"ok": True, "args": {"a": "b"}}
    assert harness.api.call("api.test", {"error": "oh"}, None)[2]["error"] == "oh"


def test_a_door_for_socket_mode(harness: Harness) -> None:
    assert harness.error("apps.connections.open") == "not_allowed_token_type"
    answer = harness.api.call("apps.connections.open", {}, harness.install.app_token)[2]
    assert answer["url"].startswith("ws://")
    assert "ticket=abc" not in json.dumps([e.answered for e in harness.traffic.entries()])


def test_a_planned_rate_limit_strikes_once(harness: Harness) -> None:
    harness.faults.rate_limit("chat.postMessage", retry_after=7)
    args = {"channel": KEYS, "text": "hi"}
    status, headers, body = harness.api.call("chat.postMessage", args, harness.install.bot_token)
    assert (status, headers["Retry-After"], body["error"]) == (429, "7", "ratelimited")
    assert harness.messages(KEYS) == []
    assert harness("chat.postMessage", **args)["ok"] is True


def test_a_failure_after_the_work_is_done(harness: Harness) -> None:
    harness.faults.fail("chat.postMessage", status=503, after=True)
    args = {"channel": KEYS, "text": "hi"}
    status, _, body = harness.api.call("chat.postMessage", args, harness.install.bot_token)
    assert (status, body["error"]) == (503, "service_unavailable")
    assert [m.text for m in harness.messages(KEYS)] == ["hi"]


def test_a_planned_error_and_any_method(harness: Harness) -> None:
    harness.faults.error("*", "fatal_error", times=2)
    assert harness.error("auth.test") == "fatal_error"
    assert harness.error("team.info") == "fatal_error"
    assert harness("team.info")["ok"] is True


def test_the_record_holds_no_token(harness: Harness) -> None:
    harness.api.call("auth.test", {"token": harness.install.bot_token}, None)
    harness("users.info", user="nobody")
    first, second = harness.traffic.entries()
    assert harness.install.bot_token not in json.dumps(first.sent)
    assert (first.name, first.ok, first.status) == ("auth.test", True, 200)
    assert (second.name, second.ok) == ("users.info", False)


def test_posting_once_a_second_in_each_channel(harness: Harness) -> None:
    harness.install.scopes.add("chat:write.public")
    harness.api.limits.enforced = True
    assert harness("chat.postMessage", channel=KEYS, text="1")["ok"] is True
    assert harness.error("chat.postMessage", channel=KEYS, text="2") == "ratelimited"
    assert harness("chat.postMessage", channel=GENERAL, text="3")["ok"] is True
    harness.clock.advance(1)
    assert harness("chat.postMessage", channel=KEYS, text="4")["ok"] is True


@pytest.mark.parametrize(
    ("method", "args", "most"),
    [("users.list", {}, 20), ("team.info", {}, 50), ("users.info", {"user": ALICE}, 100)],
)
def test_tiers(harness: Harness, method: str, args: dict[str, str], most: int) -> None:
    harness.api.limits.enforced = True
    for _ in range(most):
        assert harness(method, **args)["ok"] is True
    harness.clock.advance(20)
    status, headers, _ = harness.api.call(method, args, harness.install.bot_token)
    assert (status, headers["Retry-After"]) == (429, "40")
    harness.clock.advance(40)
    assert harness(method, **args)["ok"] is True
