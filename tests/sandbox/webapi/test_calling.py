"""Who may call what, faults, the record, and limits on how often."""

import json

import pytest

from sandbox.webapi.dispatcher import METHODS
from tests.sandbox.webapi.bench import ALICE, GENERAL, KEYS, Bench


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_who_the_bot_is(bench: Bench) -> None:
    answer = bench("auth.test")
    assert answer["ok"] is True
    assert answer["user_id"] == bench.install.bot_user
    assert answer["team_id"] == "T0ACME"


@pytest.mark.parametrize("method", sorted(m for m, d in METHODS.items() if d.caller != "nobody"))
def test_every_method_wants_a_good_token(bench: Bench, method: str) -> None:
    assert bench.api.call(method, {}, None)[2]["error"] == "not_authed"
    assert bench.api.call(method, {}, "xoxb-guess")[2]["error"] == "invalid_auth"


@pytest.mark.parametrize("method", sorted(m for m, d in METHODS.items() if d.caller == "bot"))
def test_the_app_token_is_not_the_bots(bench: Bench, method: str) -> None:
    answer = bench.api.call(method, {}, bench.install.app_token)[2]
    assert answer["error"] == "not_allowed_token_type"


@pytest.mark.parametrize("method", sorted(m for m, d in METHODS.items() if d.scopes))
def test_every_scope_is_asked_for(bench: Bench, method: str) -> None:
    bench.install.scopes = {"reactions:read"}
    answer = bench(method)
    assert answer["error"] == "missing_scope"
    assert answer["needed"] == ",".join(METHODS[method].scopes)
    assert answer["provided"] == "reactions:read"


def test_a_token_in_the_arguments(bench: Bench) -> None:
    assert bench.api.call("auth.test", {"token": bench.install.bot_token}, None)[2]["ok"] is True


def test_a_removed_app(bench: Bench) -> None:
    bench.install.active = False
    assert bench.error("auth.test") == "account_inactive"


def test_unknown_method(bench: Bench) -> None:
    assert bench("chat.postMesage")["error"] == "unknown_method"
    assert bench("chat.postMesage")["req_method"] == "chat.postMesage"


def test_api_test_needs_no_token(bench: Bench) -> None:
    assert bench.api.call("api.test", {"a": "b"}, None)[2] == {"ok": True, "args": {"a": "b"}}
    assert bench.api.call("api.test", {"error": "oh"}, None)[2]["error"] == "oh"


def test_a_door_for_socket_mode(bench: Bench) -> None:
    assert bench.error("apps.connections.open") == "not_allowed_token_type"
    answer = bench.api.call("apps.connections.open", {}, bench.install.app_token)[2]
    assert answer["url"].startswith("ws://")
    assert "ticket=abc" not in json.dumps([e.answered for e in bench.traffic.entries()])


def test_a_planned_rate_limit_strikes_once(bench: Bench) -> None:
    bench.faults.rate_limit("chat.postMessage", retry_after=7)
    args = {"channel": KEYS, "text": "hi"}
    status, headers, body = bench.api.call("chat.postMessage", args, bench.install.bot_token)
    assert (status, headers["Retry-After"], body["error"]) == (429, "7", "ratelimited")
    assert bench.messages(KEYS) == []
    assert bench("chat.postMessage", **args)["ok"] is True


def test_a_failure_after_the_work_is_done(bench: Bench) -> None:
    bench.faults.fail("chat.postMessage", status=503, after=True)
    args = {"channel": KEYS, "text": "hi"}
    status, _, body = bench.api.call("chat.postMessage", args, bench.install.bot_token)
    assert (status, body["error"]) == (503, "service_unavailable")
    assert [m.text for m in bench.messages(KEYS)] == ["hi"]


def test_a_planned_error_and_any_method(bench: Bench) -> None:
    bench.faults.error("*", "fatal_error", times=2)
    assert bench.error("auth.test") == "fatal_error"
    assert bench.error("team.info") == "fatal_error"
    assert bench("team.info")["ok"] is True


def test_the_record_holds_no_token(bench: Bench) -> None:
    bench.api.call("auth.test", {"token": bench.install.bot_token}, None)
    bench("users.info", user="nobody")
    first, second = bench.traffic.entries()
    assert bench.install.bot_token not in json.dumps(first.sent)
    assert (first.name, first.ok, first.status) == ("auth.test", True, 200)
    assert (second.name, second.ok) == ("users.info", False)


def test_posting_once_a_second_in_each_channel(bench: Bench) -> None:
    bench.install.scopes.add("chat:write.public")
    bench.api.limits.enforced = True
    assert bench("chat.postMessage", channel=KEYS, text="1")["ok"] is True
    assert bench.error("chat.postMessage", channel=KEYS, text="2") == "ratelimited"
    assert bench("chat.postMessage", channel=GENERAL, text="3")["ok"] is True
    bench.clock.advance(1)
    assert bench("chat.postMessage", channel=KEYS, text="4")["ok"] is True


@pytest.mark.parametrize(
    ("method", "args", "most"),
    [("users.list", {}, 20), ("team.info", {}, 50), ("users.info", {"user": ALICE}, 100)],
)
def test_tiers(bench: Bench, method: str, args: dict[str, str], most: int) -> None:
    bench.api.limits.enforced = True
    for _ in range(most):
        assert bench(method, **args)["ok"] is True
    bench.clock.advance(20)
    status, headers, _ = bench.api.call(method, args, bench.install.bot_token)
    assert (status, headers["Retry-After"]) == (429, "40")
    bench.clock.advance(40)
    assert bench(method, **args)["ok"] is True
