"""`POST /v1/keys:verify`: the answers, and every way to ask wrongly."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from gateway.base.client_address import Proxies
from gateway.base.options import Options, read_networks
from runtime.http_messages import Message
from tests.gateway.fakes import (
    GOOD,
    NOON,
    READER,
    REVOKED,
    STRANGER,
    Harness,
    call,
    lines,
    verified,
)


def test_yes(harness: Harness) -> None:
    harness.verifier.answers[GOOD] = verified(expires_at=NOON + timedelta(days=1))
    got = harness.ask({"token": GOOD, "scope": "read"})
    assert got.status == 200
    assert got.json == {
        "valid": True,
        "key": {
            "id": "key_1",
            "name": "Zapier, production",
            "owner": "U1",
            "scopes": ["read", "write"],
            "account": "T1",
            "expires_at": "2026-11-24T12:00:00+00:00",
        },
    }
    assert got["cache-control"] == "no-store"
    assert harness.usage_recorder.recorded == [("sec_1", NOON, "192.0.0.0/16")]


def test_a_stored_name_acts_on_no_terminal_and_is_read_as_it_is(harness: Harness) -> None:
    name = "Zapier\x1b[2J\u202e\x9b\n\u2028"
    harness.verifier.answers[GOOD] = verified(name)
    got = harness.ask({"token": GOOD})
    assert got.json["key"]["name"] == name
    assert got.body.decode().isprintable()
    quoted = harness.bearer(GOOD)["x-apikey-name"]
    assert quoted == "Zapier%1B%5B2J%E2%80%AE%C2%9B%0A%E2%80%A8"


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"token": REVOKED}, "invalid"),
        ({"token": STRANGER}, "invalid"),
        ({"token": ""}, "invalid"),
        ({"token": f" {GOOD}"}, "invalid"),
        ({"token": "\ud800\u0000"}, "invalid"),
        ({"token": REVOKED, "scope": "write"}, "invalid"),
        ({"token": READER, "scope": "write"}, "insufficient_scope"),
        ({"token": READER, "scope": "read write"}, "insufficient_scope"),
        ({"token": READER, "scope": "read"}, None),
        ({"token": READER, "scope": None}, None),
        ({"token": READER}, None),
    ],
)
def test_answers(
    harness: Harness,
    caplog: pytest.LogCaptureFixture,
    body: dict[str, Any],
    answer: str | None,
) -> None:
    got = harness.ask(body)
    assert got.status == 200
    if answer is None:
        assert got.json["valid"] is True
        assert lines(caplog.records) == []
    else:
        assert got.json == {"valid": False, "code": answer}
        (line,) = lines(caplog.records)
        assert line["endpoint"] == "/v1/keys:verify"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "not whole, valid JSON"),
        (b'{"token": "ak', "not whole, valid JSON"),
        (b'{"token": NaN', "not whole, valid JSON"),
        (b"[" * 4000, "not whole, valid JSON"),
        (b'{"token": "\xff"}', "not UTF-8"),
        (b"[]", "must be a JSON object"),
        (b"null", "must be a JSON object"),
        (b"{}", '"token" is missing'),
        (b'{"token": 5}', '"token" is missing or not a text'),
        (b'{"token": "a", "scope": 5}', '"scope" must be a text'),
        (b'{"token": "a", "scope": ""}', 'are "read" and "write"'),
        (b'{"token": "a", "scope": "admin"}', 'are "read" and "write"'),
        (b'{"token": "a", "scopes": "write"}', "no other"),
        (b'{"token": "a", "token": "b"}', "twice"),
        (b'{"token": ' + b"9" * 5000 + b"}", ""),
    ],
)
def test_bad_bodies(harness: Harness, body: bytes, sentence: str) -> None:
    got = harness.ask(body)
    assert got.status == 400
    assert sentence in got.json["message"]
    assert harness.verifier.asked == []


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("Application/JSON; charset=utf-8", 200),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/jsonp", 415),
        ("", 415),
    ],
)
def test_content_types(harness: Harness, content_type: str, status: int) -> None:
    assert harness.ask({"token": GOOD}, content_type).status == status


def test_no_content_type(harness: Harness) -> None:
    assert call(harness.app, "POST", "/v1/keys:verify", body=b"{}").status == 415


def test_a_large_body_is_refused_before_it_has_all_come() -> None:
    harness = Harness(options=Options(max_body=1000))
    edge = b'{"token": "a"}'.ljust(1000)
    assert harness.ask(edge).status == 200
    got = harness.ask(edge + b" ")
    assert got.status == 413
    assert "1000 bytes" in got.json["message"]


def test_a_slow_body_is_given_up() -> None:
    harness = Harness(options=Options(read_timeout=0.02))
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError("never")

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/keys:verify",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
        "client": None,
    }
    asyncio.run(harness.app(scope, receive, send))
    assert sent[0]["status"] == 408


def test_a_caller_that_hangs_up_gets_no_answer_and_leaves_no_line(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        raise AssertionError(f"sent {message} to nobody")

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/keys:verify",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
        "client": None,
    }
    asyncio.run(harness.app(scope, receive, send))
    assert lines(caplog.records) == []


def test_a_key_that_is_used_too_often_waits(harness: Harness) -> None:
    harness.verifier.answers[GOOD] = verified(rate_limit="1/day")
    assert harness.ask({"token": GOOD}).json["valid"]
    got = harness.ask({"token": GOOD}).json
    assert (got["valid"], got["code"]) == (False, "rate_limited")
    assert got["retry_after"] >= 1


@pytest.mark.parametrize(
    ("source", "valid"), [("10.1.2.3", True), ("11.1.2.3", False), (None, False)]
)
@pytest.mark.parametrize("trusted", ["", "192.0.2.7"])
def test_a_key_limited_to_networks_needs_the_source(
    source: str | None, valid: bool, trusted: str
) -> None:
    harness = Harness(options=Options(proxies=Proxies(read_networks(trusted))))
    # The program itself is in one of them.
    harness.verifier.answers[GOOD] = verified(networks=("10.0.0.0/8", "192.0.2.7"))
    assert harness.ask({"token": GOOD, "source": source}).json["valid"] is valid


@pytest.mark.parametrize(("trusted", "network"), [("", "192.0.0.0/16"), ("192.0.2.7", "")])
def test_without_a_source_last_used_has_the_program_unless_it_is_a_trusted_proxy(
    trusted: str, network: str
) -> None:
    harness = Harness(options=Options(proxies=Proxies(read_networks(trusted))))
    for source in (None, "10.1.2.3", "192.0.2.7"):
        assert harness.ask({"token": GOOD, "source": source}).json["valid"]
    networks = [found for _, _, found in harness.usage_recorder.recorded]
    assert networks == [network, "10.1.0.0/16", "192.0.0.0/16"]


@pytest.mark.parametrize("source", ["", "everywhere", 7, ["10.1.2.3"], "10.0.0.0/8"])
def test_a_source_that_is_no_address(harness: Harness, source: object) -> None:
    got = harness.ask({"token": GOOD, "source": source})
    assert got.status == 400
    assert "192.0.2.7" in got.json["message"]
