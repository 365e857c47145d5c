"""Every path and method; trouble behind them; and nothing that makes a 500 out of bad input."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.base.options import Options
from keys.base.errors import StorageUnavailable
from keys.credentials.verification import Refused, Verified
from runtime.http_messages import Message
from tests.gateway.fakes import GOOD, Harness, call, lines


def _no_database() -> Verified | Refused:
    raise StorageUnavailable("The database did not answer.")


def _defect() -> Verified | Refused:
    raise RuntimeError(f"cannot digest {GOOD}")


@pytest.mark.parametrize("path", ["/", "", "/authz/", "/AUTHZ", "//authz", "/v1/keys", "/docs"])
def test_unknown_paths(harness: Harness, path: str) -> None:
    got = call(harness.app, "GET", path, [("x-api-key", GOOD)])
    assert got.status == 404
    assert got.json["code"] == "not_found"
    assert got["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/v1/keys:verify", "POST"),
        ("PUT", "/v1/keys:verify", "POST"),
        ("OPTIONS", "/v1/keys:verify", "POST"),
        ("POST", "/healthz", "GET, HEAD"),
        ("DELETE", "/readyz", "GET, HEAD"),
        ("POST", "/openapi.json", "GET, HEAD"),
    ],
)
def test_wrong_methods(harness: Harness, method: str, path: str, allow: str) -> None:
    got = call(harness.app, method, path)
    assert got.status == 405
    assert got["allow"] == allow
    assert got["cache-control"] == "no-store"


def test_the_process_is_up_even_without_a_database(harness: Harness) -> None:
    harness.ready = _no_database  # type: ignore[assignment]  # it only raises
    assert call(harness.app, "GET", "/healthz").json == {"status": "ok"}
    assert call(harness.app, "HEAD", "/healthz").status == 200


def test_ready_only_with_a_database(harness: Harness) -> None:
    assert call(harness.app, "GET", "/readyz").json == {"status": "ready"}
    harness.ready = _no_database  # type: ignore[assignment]  # it only raises
    got = call(harness.app, "GET", "/readyz")
    assert (got.status, got.json, got["retry-after"]) == (503, {"status": "unavailable"}, "2")
    assert got["cache-control"] == "no-store"


def test_requests_are_refused_without_a_database(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    harness.verifier.answers[GOOD] = _no_database
    for got in (harness.bearer(GOOD), harness.ask({"token": GOOD})):
        assert got.status == 503
        assert got.json["code"] == "unavailable"
        assert got["retry-after"] == "2"
        assert got["cache-control"] == "no-store"
    assert harness.usage_recorder.recorded == []
    (line,) = lines(caplog.records)
    assert (line["event"], line["cause"]) == ("unavailable", "database")


def test_an_outage_is_two_lines_in_the_log(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    good = harness.verifier.answers[GOOD]
    harness.verifier.answers[GOOD] = _no_database
    for _ in range(5):
        harness.bearer(GOOD)
    harness.verifier.answers[GOOD] = good
    for _ in range(3):
        harness.bearer(GOOD)
    events = [(line["event"], line.get("requests_refused")) for line in lines(caplog.records)]
    assert events == [("unavailable", None), ("available_again", 5)]


def test_a_defect_is_reported_without_what_the_caller_sent(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    harness.verifier.answers[GOOD] = _defect
    got = harness.bearer(GOOD)
    assert got.status == 500
    assert got["cache-control"] == "no-store"
    (line,) = lines(caplog.records)
    assert (line["event"], line["error"]) == ("failed", "RuntimeError")
    assert line["places"][-1].startswith("test_routes.py:")
    assert GOOD not in caplog.text


@pytest.mark.parametrize(
    "headers",
    [
        [("x-filler", "a" * 65_536)],
        [(f"x-filler-{n}", "a" * 100) for n in range(600)],
    ],
)
@pytest.mark.parametrize(("method", "path"), [("GET", "/authz"), ("POST", "/v1/keys:verify")])
def test_large_headers(
    harness: Harness, headers: list[tuple[str, str]], method: str, path: str
) -> None:
    got = call(harness.app, method, path, [*headers, ("x-api-key", GOOD)])
    assert got.status == 431
    assert "32768 bytes" in got.json["message"]
    assert harness.verifier.asked == []


def test_headers_at_the_edge() -> None:
    harness = Harness(options=Options(max_headers=100))
    size = len("x-api-key") + len(GOOD) + len("x")
    filler = ("x", "a" * (100 - size))
    assert harness.authz(("x-api-key", GOOD), filler).status == 204
    assert harness.authz(("x-api-key", GOOD), (filler[0], filler[1] + "a")).status == 431


def test_a_websocket_is_refused(harness: Harness) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {"type": "websocket", "path": "/authz", "headers": []}
    asyncio.run(harness.app(scope, receive, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_the_lifespan_starts_and_stops_the_background_tasks(harness: Harness) -> None:
    asked = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    seen: list[tuple[str, bool]] = []

    async def receive() -> Message:
        return asked.pop(0)

    async def send(message: Message) -> None:
        seen.append((message["type"], harness.usage_recorder.running))

    asyncio.run(harness.app({"type": "lifespan"}, receive, send))
    assert seen == [
        ("lifespan.startup.complete", True),
        ("lifespan.shutdown.complete", False),
    ]
    assert harness.bearer(GOOD).status == 503


_VALUES = st.binary(max_size=60) | st.sampled_from(
    [GOOD.encode(), b"Bearer " + GOOD.encode(), b"Bearer ", b"GET", b"POST", b"application/json"]
)
_NAMES = st.sampled_from(
    ["authorization", "x-api-key", "x-original-method", "x-forwarded-method", "x-forwarded-for",
     "content-type", "x-other"]
)  # fmt: skip


@settings(max_examples=300)
@given(
    path=st.sampled_from(["/authz", "/v1/keys:verify"]),
    headers=st.lists(st.tuples(_NAMES, _VALUES), max_size=6),
    query=st.binary(max_size=40) | st.sampled_from([b"scope=read", b"scope=write&scope"]),
    body=st.binary(max_size=80) | st.just(b'{"token": "' + GOOD.encode() + b'"}'),
)
def test_whatever_comes_is_answered_and_only_a_good_token_passes(
    path: str, headers: list[tuple[str, str | bytes]], query: bytes, body: bytes
) -> None:
    harness = Harness()
    got = call(harness.app, "POST", path, headers, query=query, body=body)
    assert got.status in {200, 204, 400, 401, 403, 415}
    assert got["cache-control"] == "no-store"
    if got.status == 204:
        sent = b" ".join(v for _, v in headers if isinstance(v, bytes))
        assert GOOD.encode() in sent
    harness.app.close()
