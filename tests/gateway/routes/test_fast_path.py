"""The short way says, byte for byte, what the usual way says, or nothing at all."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

import httptools
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.base.options import Options, read_networks
from gateway.cache.verdict_cache import fingerprint
from runtime.http_protocol import Quick
from runtime.http_server import Running, serve_in_thread
from tests.gateway.fakes import GOOD, READER, REVOKED, STRANGER, WRITER, House, acall, verified
from tests.gateway.raw import exchange

KEYS = {
    GOOD: verified(),
    READER: verified("Büro, “außen”", "read", key_id="key_2", secret_id="sec_2", owner=None),
    WRITER: verified("Intake", "write", key_id="key_3", secret_id="sec_3"),
}


def _house(**options: object) -> House:
    """A gateway that remembers three tokens already."""
    house = House(options=Options(**options), remembering=True)  # type: ignore[arg-type]
    house.verifier.answers |= KEYS
    for token, key in KEYS.items():
        house.memory.keep(fingerprint(token.encode()), key)
    house.memory.valid_until(inf)
    return house


def _quick(house: House) -> Quick:
    assert house.app.quick is not None
    return house.app.quick


@dataclass(frozen=True)
class Head:
    """A request's head, without a connection that it came by."""

    url: bytes
    headers: list[tuple[bytes, bytes]]
    client: tuple[str, int] | None = None
    version: str = "1.1"

    @property
    def size(self) -> int:
        return sum(len(name) + len(value) for name, value in self.headers)


NAMES = st.sampled_from(
    ["authorization", "x-api-key", "x-original-method", "x-forwarded-method", "x-forwarded-for",
     "content-length", "expect", "upgrade", "connection", "x-filler", "cookie", "host"]
)  # fmt: skip
TOKENS = [GOOD, READER, WRITER, REVOKED, STRANGER]
VALUES = st.one_of(
    st.sampled_from(TOKENS),
    st.sampled_from([f"{scheme}{token}" for token in TOKENS for scheme in ("Bearer ", "bearer ")]),
    st.sampled_from([f"Bearer  {GOOD}", f"Bearer {GOOD} ", f'"{GOOD}"', f"Basic {GOOD}", "Bearer"]),
    st.sampled_from(["GET", "POST", "HEAD", "get", "", "0", "5", "203.0.113.9, 10.0.0.1"]),
)
URLS = st.sampled_from(
    ["/authz", "/authz?scope=read", "/authz?scope=write", "/authz?scope=read+write", "/authz?a=b",
     "/authz?scope=", "/authz?scope=all", "/authz?scope=read&scope=write", "/authz/", "/authzz",
     "/authz#scope=read", "/AUTHZ", "/healthz", "/%61uthz"]
)  # fmt: skip
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=5)


@given(URLS, HEADERS)
@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
def test_both_ways_say_the_same(url: str, headers: list[tuple[str, str]]) -> None:
    house = _house()
    sent = [(name.encode(), value.encode()) for name, value in headers]
    short = _quick(house)(Head(url.encode(), sent, ("192.0.2.7", 40_000)))
    if short is None:
        return
    path, _, query = url.partition("?")
    got = asyncio.run(acall(house.app, "GET", path, headers, query=query))
    assert got.status == 204
    lines = ["HTTP/1.1 204 No Content", *(f"{name}: {value}" for name, value in got.headers)]
    assert short.decode("latin-1") == "\r\n".join((*lines, "", ""))
    first, second = house.uses.recorded
    assert first == second


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
    quick = _quick(_house())
    sent = [(name.encode(), value.encode()) for name, value in headers]
    answer = quick(Head(url.encode(), sent, ("192.0.2.7", 1)))
    assert answer is not None
    assert httptools.HttpResponseParser(object()).feed_data(answer) is None


def test_what_is_not_believed_or_limited_or_too_large_takes_the_usual_way() -> None:
    house = _house()
    quick = _quick(house)
    request = [(b"x-api-key", GOOD.encode()), (b"x-original-method", b"GET")]
    assert quick(Head(b"/authz", request))
    assert quick(Head(b"/authz", [*request, (b"x-filler", b"a" * 33_000)])) is None
    house.memory.valid_until(-inf)
    assert quick(Head(b"/authz", request)) is None
    for change in ({"rate_limit": "1/minute"}, {"networks": ("10.0.0.0/8",)}):
        house.memory.valid_until(inf)
        house.memory.keep(fingerprint(GOOD.encode()), verified(**change))
        assert quick(Head(b"/authz", request)) is None


def test_the_source_is_the_callers_even_behind_a_trusted_proxy() -> None:
    house = _house(trusted_proxies=read_networks("10.0.0.0/8"))
    quick = _quick(house)
    request = [(b"x-api-key", GOOD.encode()), (b"x-forwarded-for", b"6.6.6.6, 203.0.113.9")]
    quick(Head(b"/authz", request, ("10.0.0.1", 1)))
    quick(Head(b"/authz", request, ("192.0.2.7", 1)))
    assert [source for _, _, source in house.uses.recorded] == ["203.0.0.0/16", "192.0.0.0/16"]


def test_made_up_methods_do_not_fill_the_memory() -> None:
    house = _house()
    quick = _quick(house)
    for number in range(1_000):
        method = (b"x-original-method", b"M%d" % number)
        assert quick(Head(b"/authz", [(b"x-api-key", GOOD.encode()), method]))
    assert len(quick._needs) <= 256  # type: ignore[attr-defined]


# Over a real connection


@pytest.fixture
def running() -> Iterator[tuple[House, Running]]:
    house = _house()
    running = serve_in_thread(house.app, "127.0.0.1", 0, quick=house.app.quick)
    yield house, running
    running.stop()


def _request(token: str, *more: str, method: str = "GET", version: str = "1.1") -> bytes:
    lines = (f"{method} /authz HTTP/{version}", "Host: x", f"X-API-Key: {token}", *more)
    return "\r\n".join((*lines, "", "")).encode()


@pytest.mark.sockets
def test_short_and_usual_answers_keep_their_order_on_one_connection(
    running: tuple[House, Running],
) -> None:
    house, server = running
    hot, cold = _request(GOOD), _request(STRANGER)
    sent = hot + cold + hot + hot + cold + cold + hot
    statuses = exchange(server.port, sent, answers=7)
    assert statuses == [204, 401, 204, 204, 401, 401, 204]
    assert house.verifier.asked.count(STRANGER) == 3
    # The first found nothing under way; those behind a slow answer have to wait for it.
    assert house.verifier.asked[0] == STRANGER


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
    running: tuple[House, Running], request_: bytes
) -> None:
    house, server = running
    assert exchange(server.port, request_, answers=1) == [204]
    assert house.verifier.asked == [GOOD]


@pytest.mark.sockets
def test_who_asks_for_what_is_so_anyway_is_answered_the_short_way(
    running: tuple[House, Running],
) -> None:
    house, server = running
    request = _request(GOOD, "Connection: keep-alive")
    assert exchange(server.port, request * 2, answers=2) == [204, 204]
    assert house.verifier.asked == []


@pytest.mark.sockets
def test_a_request_in_small_pieces(running: tuple[House, Running]) -> None:
    house, server = running
    whole = _request(GOOD) * 2
    assert exchange(server.port, whole, answers=2, piece=7) == [204, 204]
    assert house.verifier.asked == []


@pytest.mark.sockets
def test_an_idle_connection_is_closed_in_the_end(
    running: tuple[House, Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, server = running
    monkeypatch.setattr(server._server.config, "timeout_keep_alive", 0.05)
    # `answers=None` reads until the server closes.
    assert exchange(server.port, _request(GOOD) * 3, answers=None) == [204, 204, 204]
