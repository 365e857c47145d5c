"""The fast path replies, byte for byte, as the application does, or leaves the request to it."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from math import inf
from types import SimpleNamespace

import httptools
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.base.client_address import Proxies
from gateway.base.options import Options, read_networks
from gateway.cache.verdict_cache import fingerprint
from gateway.verification import key_limits
from keys.credentials.verification import Reason, Refused
from runtime.http_protocol import FastHandler
from runtime.http_server import Running, serve_in_thread
from tests.gateway.fakes import (
    GOOD,
    READER,
    REVOKED,
    STRANGER,
    WRITER,
    Got,
    Harness,
    acall,
    lines,
    token,
    verified,
)
from tests.gateway.raw import exchange

NEAR, FAR, BUSY = token("Near00000001"), token("Far000000001"), token("Busy00000001")
COLD = token("Cold00000001")
KEYS = {
    GOOD: verified(),
    READER: verified("Büro, “außen”", "read", key_id="key_2", secret_id="sec_2", owner=None),
    WRITER: verified("Intake", "write", key_id="key_3", secret_id="sec_3"),
    NEAR: verified("Near", "read", key_id="key_5", networks=("192.0.2.0/24", "203.0.113.0/24")),
    FAR: verified("Far", key_id="key_6", networks=("10.9.0.0/16",), rate_limit="1/day"),
    BUSY: verified("Busy", "read", key_id="key_7", rate_limit="3/day"),
}
REFUSED = {
    REVOKED: Refused(Reason.REVOKED, "key_4"),
    STRANGER: Refused(Reason.UNKNOWN, None),
}


def _harness(**options: object) -> Harness:
    """A gateway whose cache has the tokens above."""
    harness = Harness(options=Options(**options), remembering=True)  # type: ignore[arg-type]
    harness.verifier.answers |= KEYS
    for text, key in KEYS.items():
        harness.cache.add(fingerprint(text.encode()), key)
    for text, refused in REFUSED.items():
        harness.cache.add_refusal(fingerprint(text.encode()), refused, text[3:15])
    harness.cache.valid_until(inf)
    return harness


def _fast_path(harness: Harness) -> FastHandler:
    assert harness.app.fast_path is not None
    return harness.app.fast_path


@dataclass(frozen=True)
class RequestHead:
    """A request's head, without a connection that it came by."""

    url: bytes
    headers: list[tuple[bytes, bytes]]
    client: tuple[str, int] | None = None
    version: str = "1.1"
    method: bytes = b"GET"
    late: list[bytes] = field(default_factory=list)

    def answer_later(self, reply: bytes) -> None:
        self.late.append(reply)

    @property
    def size(self) -> int:
        return sum(len(name) + len(value) for name, value in self.headers)


NAMES = st.sampled_from(
    ["authorization", "x-api-key", "x-original-method", "x-forwarded-method", "x-forwarded-for",
     "content-length", "expect", "upgrade", "connection", "x-filler", "cookie", "host",
     "origin", "access-control-request-method", "forwarded"]
)  # fmt: skip
TOKENS = [GOOD, READER, WRITER, NEAR, FAR, BUSY, REVOKED, STRANGER]
VALUES = st.one_of(
    st.sampled_from(TOKENS),
    st.sampled_from([f"{scheme}{token}" for token in TOKENS for scheme in ("Bearer ", "bearer ")]),
    st.sampled_from([f"Bearer  {GOOD}", f"Bearer {GOOD} ", f'"{GOOD}"', f"Basic {GOOD}", "Bearer"]),
    st.sampled_from([f"Bearer Bearer {GOOD}", f" {REVOKED}", f"{REVOKED}\t", "Basic", "ak_x", " "]),
    st.text(max_size=5),
    st.sampled_from(["GET", "POST", "HEAD", "get", "", "0", "5", "203.0.113.9, 10.0.0.1"]),
)
URLS = st.sampled_from(
    ["/authz", "/authz?scope=read", "/authz?scope=write", "/authz?scope=read+write", "/authz?a=b",
     "/authz?scope=", "/authz?scope=all", "/authz?scope=read&scope=write", "/authz/", "/authzz",
     "/authz#scope=read", "/AUTHZ", "/healthz", "/%61uthz"]
)  # fmt: skip
PLAIN = st.tuples(
    st.tuples(st.just("x-api-key"), st.sampled_from(TOKENS)),
    st.tuples(st.just("x-original-method"), st.sampled_from(["GET", "POST"])),
)
ANY = st.tuples(URLS, st.lists(st.tuples(NAMES, VALUES), max_size=5))
USUAL = st.tuples(st.just("/authz"), PLAIN.map(list))


METHODS = st.sampled_from([b"GET", b"POST", b"HEAD", b"OPTIONS"])
PEERS = st.sampled_from(["192.0.2.7", "10.9.0.1", "::1", "::ffff:203.0.113.9", None])


def _trail(harness: Harness, caplog: pytest.LogCaptureFixture) -> object:
    """What an answer leaves behind: log lines, counted outcomes and recorded uses."""
    written = lines(caplog.records)
    caplog.clear()
    harness.app.close()
    counted = [
        line
        for line in harness.app._services.metrics.text().decode().splitlines()
        if line.startswith(
            ("apikeys_gateway_verifications", "apikeys_gateway_verification_seconds_c")
        )
    ]
    return (
        [each for each in written if each["event"] == "refused"],
        counted,
        harness.usage_recorder.recorded,
    )


def _on_the_wire(got: Got, *, without_body: bool) -> bytes:
    phrase = HTTPStatus(got.status).phrase
    head = [f"HTTP/1.1 {got.status} {phrase}", *(f"{name}: {value}" for name, value in got.headers)]
    return "\r\n".join((*head, "", "")).encode("latin-1") + (b"" if without_body else got.body)


@pytest.mark.parametrize("trusted", ["", "192.0.2.0/24, ::1"])
@pytest.mark.parametrize("examples", [150, pytest.param(600, marks=pytest.mark.slow)])
def test_both_ways_say_and_record_the_same(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, trusted: str, examples: int
) -> None:
    now = time.time()
    monkeypatch.setattr(key_limits, "time", SimpleNamespace(time=lambda: now))
    caplog.set_level(logging.INFO)
    answered: Counter[int | None] = Counter()

    @given(st.one_of(ANY, USUAL), METHODS, PEERS)
    @settings(max_examples=examples, deadline=None)
    def compare(asked: tuple[str, list[tuple[str, str]]], method: bytes, peer: str | None) -> None:
        url, headers = asked
        sent = [(name.encode(), value.encode()) for name, value in headers]
        harness, other = (_harness(proxies=Proxies(read_networks(trusted))) for _ in range(2))
        for each in (harness, other):
            for _ in range(3):
                each.app._services.limiter.hit(KEYS[BUSY])
        client = None if peer is None else (peer, 40_000)
        short = _fast_path(harness)(RequestHead(url.encode(), sent, client, method=method))  # type: ignore[arg-type]
        left = _trail(harness, caplog)
        answered[None if short is None else int(short[9:12])] += 1
        if short is None:
            other.app.close()
            return
        path, _, query = url.partition("?")
        got = asyncio.run(acall(other.app, method.decode(), path, headers, query=query, peer=peer))
        assert short == _on_the_wire(got, without_body=method == b"HEAD")
        assert left == _trail(other, caplog)

    compare()
    assert {204, 401, None} <= answered.keys()


_GET = ("x-original-method", "GET")


@pytest.mark.parametrize(
    ("reason", "status", "headers"),
    [
        ("missing", 401, []),
        ("missing", 401, [("x-api-key", " ")]),
        ("other_scheme", 401, [("authorization", "Basic dTpw")]),
        ("doubled_scheme", 401, [("authorization", f"Bearer Bearer {GOOD}")]),
        ("two_different", 401, [("authorization", f"Bearer {GOOD}"), ("x-api-key", READER)]),
        ("revoked", 401, [("x-api-key", REVOKED)]),
        ("unknown", 401, [("authorization", f"Bearer {STRANGER}")]),
        ("network", 401, [("x-api-key", FAR)]),
        ("insufficient_scope", 403, [("x-api-key", WRITER)]),
        ("rate_limited", 429, [("x-api-key", BUSY)]),
    ],
)
def test_each_kind_of_refusal_goes_the_short_way(
    caplog: pytest.LogCaptureFixture, reason: str, status: int, headers: list[tuple[str, str]]
) -> None:
    harness = _harness()
    for _ in range(3):
        harness.app._services.limiter.hit(KEYS[BUSY])
    sent = [(name.encode(), value.encode()) for name, value in (*headers, _GET)]
    answer = _fast_path(harness)(RequestHead(b"/authz", sent, ("192.0.2.7", 1)))  # type: ignore[arg-type]
    assert answer is not None
    assert int(answer[9:12]) == status
    (line,) = lines(caplog.records)
    assert (line["event"], line["reason"], line["source"]) == ("refused", reason, "192.0.2.7")


def test_a_limited_key_within_its_limits_goes_the_short_way() -> None:
    fast_path = _fast_path(_harness())

    def ask(token: str, peer: str = "192.0.2.7") -> int:
        sent = [(b"x-api-key", token.encode()), (b"x-original-method", b"GET")]
        head = RequestHead(b"/authz", sent, (peer, 1))
        reply = fast_path(head)  # type: ignore[arg-type]
        assert reply is not None
        return int((reply or head.late[0])[9:12])

    assert [ask(BUSY) for _ in range(5)] == [204, 204, 204, 429, 429]
    peers = ("192.0.2.7", "192.0.3.7", "::ffff:203.0.113.9")
    assert [ask(NEAR, peer) for peer in peers] == [204, 401, 204]


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("/authz", [("authorization", f"Bearer {GOOD}"), ("x-original-method", "POST")]),
        ("/authz?scope=read", [("x-api-key", READER)]),
        ("/authz", [("x-api-key", READER), ("x-forwarded-method", "GET")]),
        ("/authz", [("x-api-key", GOOD), ("content-length", "0")]),
    ],
)
def test_the_usual_questions_go_the_short_way(url: str, headers: list[tuple[str, str]]) -> None:
    fast_path = _fast_path(_harness())
    sent = [(name.encode(), value.encode()) for name, value in headers]
    answer = fast_path(RequestHead(url.encode(), sent, ("192.0.2.7", 1)))  # type: ignore[arg-type]
    assert answer is not None
    assert httptools.HttpResponseParser(object()).feed_data(answer) is None  # type: ignore[func-returns-value]


def test_an_invalid_cache_or_a_large_head_leaves_the_fast_path() -> None:
    harness = _harness()
    fast_path = _fast_path(harness)
    request = [(b"x-api-key", GOOD.encode()), (b"x-original-method", b"GET")]
    assert fast_path(RequestHead(b"/authz", request))  # type: ignore[arg-type]
    assert fast_path(RequestHead(b"/authz", [*request, (b"x-filler", b"a" * 33_000)])) is None  # type: ignore[arg-type]
    harness.cache.valid_until(-inf)
    assert fast_path(RequestHead(b"/authz", request)) is None  # type: ignore[arg-type]
    for sent in ([(b"x-api-key", REVOKED.encode())], [(b"x-api-key", STRANGER.encode())]):
        assert fast_path(RequestHead(b"/authz", sent)) is None  # type: ignore[arg-type]


def test_the_source_is_the_callers_even_behind_a_trusted_proxy() -> None:
    harness = _harness(proxies=Proxies(read_networks("10.0.0.0/8")))
    fast_path = _fast_path(harness)
    request = [(b"x-api-key", GOOD.encode()), (b"x-forwarded-for", b"6.6.6.6, 203.0.113.9")]
    fast_path(RequestHead(b"/authz", request, ("10.0.0.1", 1)))  # type: ignore[arg-type]
    fast_path(RequestHead(b"/authz", request, ("192.0.2.7", 1)))  # type: ignore[arg-type]
    assert [source for _, _, source in harness.usage_recorder.recorded] == [
        "203.0.0.0/16",
        "192.0.0.0/16",
    ]


@pytest.mark.parametrize("sent", [[], [(b"forwarded", b"for=203.0.113.9")]])
def test_a_trusted_proxy_that_names_no_caller_opens_no_key_for_its_network(
    sent: list[tuple[bytes, bytes]],
) -> None:
    """Neither way, nor once more for the use that is recorded."""
    found: list[int] = []
    for presented in (NEAR, GOOD):
        harness = _harness(proxies=Proxies(read_networks("192.0.2.0/24")))
        request = [(b"x-api-key", presented.encode()), (b"x-original-method", b"GET"), *sent]
        answer = _fast_path(harness)(RequestHead(b"/authz", request, ("192.0.2.7", 1)))  # type: ignore[arg-type]
        plain = [(name.decode(), value) for name, value in request]
        got = asyncio.run(acall(harness.app, "GET", "/authz", plain))
        assert answer is not None
        found += [int(answer[9:12]), got.status]
    assert found == [401, 401, 204, 204]
    assert [source for _, _, source in harness.usage_recorder.recorded] == ["", ""]


def test_a_caller_on_the_proxies_own_network_is_recorded_as_it_is_known() -> None:
    harness = _harness(proxies=Proxies(read_networks("10.0.0.0/8")))
    sent = [("x-api-key", GOOD), ("x-forwarded-for", "10.7.0.1, 10.0.0.2")]
    assert asyncio.run(acall(harness.app, "GET", "/authz", sent, peer="10.0.0.1")).status == 204
    assert [source for _, _, source in harness.usage_recorder.recorded] == ["10.7.0.0/16"]


def test_long_headers_do_not_fill_the_cache_of_addresses() -> None:
    harness = _harness(proxies=Proxies(read_networks("192.0.2.0/24")))
    fast_path = _fast_path(harness)
    for number in range(50):
        hops = b"6.6.6.6, " * 100 + b"203.0.113.%d" % number
        request = [(b"x-api-key", STRANGER.encode()), (b"x-forwarded-for", hops)]
        assert fast_path(RequestHead(b"/authz", request, ("192.0.2.7", 1))) is not None  # type: ignore[arg-type]
    assert fast_path._address.cache_info().currsize == 0  # type: ignore[attr-defined]


def test_invented_methods_do_not_fill_the_cache() -> None:
    harness = _harness()
    fast_path = _fast_path(harness)
    for number in range(1_000):
        method = (b"x-original-method", b"M%d" % number)
        assert fast_path(RequestHead(b"/authz", [(b"x-api-key", GOOD.encode()), method]))  # type: ignore[arg-type]
    assert len(fast_path._required_scopes) <= 256  # type: ignore[attr-defined]


# Over a real connection


@pytest.fixture
def running() -> Iterator[tuple[Harness, Running]]:
    harness = _harness()
    running = serve_in_thread(harness.app, "127.0.0.1", 0, fast_path=harness.app.fast_path)
    yield harness, running
    running.stop()


def _request(token: str, *more: str, method: str = "GET", version: str = "1.1") -> bytes:
    lines = (f"{method} /authz HTTP/{version}", "Host: x", f"X-API-Key: {token}", *more)
    return "\r\n".join((*lines, "", "")).encode()


@pytest.mark.sockets
def test_short_and_usual_answers_keep_their_order_on_one_connection(
    running: tuple[Harness, Running],
) -> None:
    harness, server = running
    hot, cold = _request(GOOD), _request(COLD)
    sent = hot + cold + hot + hot + cold + cold + hot
    statuses = exchange(server.port, sent, answers=7)
    assert statuses == [204, 401, 204, 204, 401, 401, 204]
    assert harness.verifier.asked.count(COLD) == 3
    # The first found nothing under way; those behind a slow answer have to wait for it.
    assert harness.verifier.asked[0] == COLD


@pytest.mark.sockets
@pytest.mark.parametrize(
    "request_",
    [
        _request(GOOD, "Content-Length: 5", method="POST") + b"12345",
        _request(GOOD, "Transfer-Encoding: chunked", method="POST") + b"3\r\nabc\r\n0\r\n\r\n",
        _request(GOOD, "Connection: close"),
        _request(GOOD, version="1.0"),
        _request(GOOD, "Connection: keep-alive", version="1.0"),
        _request(GOOD, "Connection: upgrade", "Upgrade: websocket"),
    ],
)
def test_requests_that_are_more_than_a_head_are_answered_as_usual(
    running: tuple[Harness, Running], request_: bytes
) -> None:
    harness, server = running
    assert exchange(server.port, request_, answers=1) == [204]
    assert harness.verifier.asked == [GOOD]


@pytest.mark.sockets
def test_headers_that_ask_for_the_default_stay_on_the_fast_path(
    running: tuple[Harness, Running],
) -> None:
    harness, server = running
    request = _request(GOOD, "Connection: keep-alive")
    assert exchange(server.port, request * 2, answers=2) == [204, 204]
    assert harness.verifier.asked == []


@pytest.mark.sockets
def test_a_request_in_small_pieces(running: tuple[Harness, Running]) -> None:
    harness, server = running
    whole = _request(GOOD) * 2
    assert exchange(server.port, whole, answers=2, piece=7) == [204, 204]
    assert harness.verifier.asked == []


def test_refusals_give_way_to_accepted_requests_for_a_moment() -> None:
    harness = _harness()
    fast_path = _fast_path(harness)

    def ask(token: str) -> tuple[bytes | None, list[bytes]]:
        head = RequestHead(
            b"/authz", [(b"x-api-key", token.encode()), (b"x-original-method", b"GET")]
        )
        return fast_path(head), head.late  # type: ignore[arg-type]

    at_once, late = ask(REVOKED)
    assert at_once
    assert not late
    ask(GOOD)
    assert ask(REVOKED) == (b"", [at_once])
    harness.clock.move(timedelta(seconds=1))
    assert ask(REVOKED) == (at_once, [])


@pytest.mark.sockets
@pytest.mark.parametrize("half_closed", [False, True])
def test_late_refusals_keep_their_order_and_are_not_lost(
    running: tuple[Harness, Running], half_closed: bool
) -> None:
    _, server = running
    sent = [_request(GOOD), _request(REVOKED), _request(REVOKED), _request(COLD), _request(REVOKED)]
    got = exchange(server.port, b"".join(sent), answers=5)
    assert got == [204, 401, 401, 401, 401]
    with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        connection.sendall(_request(GOOD) + _request(REVOKED))
        if half_closed:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while received.count(b"HTTP/1.1 ") < 2:
            part = connection.recv(10_000)
            assert part
            received += part
        assert b"HTTP/1.1 401 " in received


@pytest.mark.sockets
def test_an_idle_connection_is_closed_in_the_end(
    running: tuple[Harness, Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, server = running
    monkeypatch.setattr(server._server.config, "timeout_keep_alive", 0.05)
    # `answers=None` reads until the server closes.
    assert exchange(server.port, _request(GOOD) * 3, answers=None) == [204, 204, 204]
