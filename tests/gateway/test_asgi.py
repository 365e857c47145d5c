"""The guard before an API: only good keys pass, no token does, and trouble closes the door."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from cli.demo.example_api import build
from gateway.asgi import ApiKeyGuard, identity
from gateway.base.options import Options
from keys.base.errors import StorageUnavailable
from runtime.clock import HeldClock
from runtime.http_messages import Message, Receive, Scope, Send
from runtime.http_server import Running, serve_in_thread
from tests.gateway.fakes import (
    GOOD,
    NOON,
    READER,
    REVOKED,
    WRITER,
    Got,
    Harness,
    call,
    quiet_port,
    verified,
)

pytestmark = pytest.mark.sockets


class Behind:
    """An API that notes what reaches it."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"data"})


@pytest.fixture
def behind() -> Behind:
    return Behind()


@pytest.fixture
def guard(gateway: Running, behind: Behind) -> Iterator[ApiKeyGuard]:
    guard = ApiKeyGuard(behind, gateway.url, timeout=10)
    yield guard
    guard.close()


def _with(presented: str) -> list[tuple[str, str | bytes]]:
    return [("authorization", f"Bearer {presented}")]


@pytest.mark.parametrize(
    ("method", "presented", "status"),
    [
        ("GET", READER, 200),
        ("POST", READER, 403),
        ("POST", WRITER, 200),
        ("GET", WRITER, 403),
        ("DELETE", GOOD, 200),
        ("GET", REVOKED, 401),
        ("GET", "nonsense", 401),
    ],
)
def test_which_requests_are_accepted(
    guard: ApiKeyGuard, behind: Behind, method: str, presented: str, status: int
) -> None:
    got = call(guard, method, "/documents", _with(presented))
    assert got.status == status
    assert len(behind.scopes) == (1 if status == 200 else 0)
    if status != 200:
        assert got["cache-control"] == "no-store"
        assert got["www-authenticate"].startswith("Bearer")
        assert got.json["message"]


def test_the_api_behind_sees_who_it_is_and_no_token(
    guard: ApiKeyGuard, behind: Behind, harness: Harness
) -> None:
    harness.verifier.answers[GOOD] = verified("Büro, außen", owner=None)
    sent: list[tuple[str, str | bytes]] = [
        ("authorization", f"Bearer {GOOD}"),
        ("x-api-key", GOOD),
        ("x_api_key", GOOD),
        ("x-apikey-id", "key_of_somebody_else"),
        ("x-apikey-owner", "the boss"),
        ("x_apikey_owner", "the boss"),
        ("x-apikey-admin", "yes"),
        ("accept", "text/plain"),
    ]
    assert call(guard, "GET", "/", sent).status == 200
    (scope,) = behind.scopes
    assert sorted(scope["headers"]) == [
        (b"accept", b"text/plain"),
        (b"x-apikey-account", b"T1"),
        (b"x-apikey-id", b"key_1"),
        (b"x-apikey-name", b"B%C3%BCro%2C%20au%C3%9Fen"),
        (b"x-apikey-owner", b""),
        (b"x-apikey-scopes", b"read write"),
    ]
    who = identity(scope)
    assert (who.key_id, who.name, who.owner) == ("key_1", "Büro, außen", "")
    assert (who.account_id, who.scopes) == ("T1", frozenset(("read", "write")))
    assert GOOD not in repr(scope)


def test_what_the_caller_states_about_its_method_is_not_handed_on(
    guard: ApiKeyGuard, behind: Behind
) -> None:
    lies: list[tuple[str, str | bytes]] = [
        ("x-original-method", "GET"),
        ("x-forwarded-method", "GET"),
        ("x-http-method-override", "GET"),
    ]
    assert call(guard, "POST", "/", _with(READER) + lies, query="scope=read").status == 403
    assert behind.scopes == []


def test_two_headers_are_refused_as_the_gateway_refuses_them(guard: ApiKeyGuard) -> None:
    got = call(guard, "GET", "/", _with(GOOD) * 2)
    assert (got.status, got.json["code"]) == (400, "repeated_header")


def test_a_token_that_cannot_be_sent_is_refused(guard: ApiKeyGuard, behind: Behind) -> None:
    got = call(guard, "GET", "/", [("x-api-key", b"a\r\nX-Api-Key: " + GOOD.encode())])
    assert got.status == 503
    assert behind.scopes == []


def _closed(got: Got, behind: Behind) -> None:
    assert (got.status, got.json["code"]) == (503, "unavailable")
    assert got["retry-after"] == "2"
    assert got["cache-control"] == "no-store"
    assert behind.scopes == []


def test_requests_are_refused_when_the_gateway_is_gone(
    guard: ApiKeyGuard, gateway: Running, behind: Behind
) -> None:
    gateway.stop()
    _closed(call(guard, "GET", "/", _with(GOOD)), behind)


def test_requests_are_refused_when_the_database_is_gone(
    guard: ApiKeyGuard, harness: Harness, behind: Behind
) -> None:
    def down() -> Any:
        raise StorageUnavailable("down")

    harness.verifier.answers[GOOD] = down
    _closed(call(guard, "GET", "/", _with(GOOD)), behind)


def test_requests_are_refused_when_the_gateway_is_silent(behind: Behind) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        guard = ApiKeyGuard(behind, f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.05)
        _closed(call(guard, "GET", "/", _with(GOOD)), behind)
        guard.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
    ],
)
def test_requests_are_refused_on_a_reply_that_is_not_a_gateways(
    behind: Behind, answer: bytes
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:

        def serve() -> None:
            connection, _ = other.accept()
            with connection:
                connection.recv(10_000)
                connection.sendall(answer)

        serving = threading.Thread(target=serve)
        serving.start()
        guard = ApiKeyGuard(behind, f"http://127.0.0.1:{other.getsockname()[1]}", timeout=5)
        _closed(call(guard, "GET", "/", _with(GOOD)), behind)
        guard.close()
        serving.join(10)


def test_a_closed_guard_refuses_requests(guard: ApiKeyGuard, behind: Behind) -> None:
    guard.close()
    _closed(call(guard, "GET", "/", _with(GOOD)), behind)


def test_it_finds_the_gateway_again_after_a_restart(harness: Harness, behind: Behind) -> None:
    gateway = serve_in_thread(harness.app, "127.0.0.1", quiet_port())
    guard = ApiKeyGuard(behind, gateway.url)
    assert call(guard, "GET", "/", _with(GOOD)).status == 200
    gateway.stop()
    again = serve_in_thread(Harness().app, "127.0.0.1", gateway.port)
    assert call(guard, "GET", "/", _with(GOOD)).status == 200
    again.stop()
    guard.close()


def test_connections_are_kept(guard: ApiKeyGuard, harness: Harness) -> None:
    for _ in range(5):
        assert call(guard, "GET", "/", _with(GOOD)).status == 200
    assert len(guard._client._idle) == 1


def test_a_websocket_needs_a_key_at_its_handshake(guard: ApiKeyGuard, behind: Behind) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {"type": "websocket", "path": "/", "headers": []}
    asyncio.run(guard(scope, receive, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]
    assert behind.scopes == []
    scope["headers"] = [(b"authorization", f"Bearer {READER}".encode())]
    asyncio.run(guard(scope, receive, send))
    assert identity(behind.scopes[0]).key_id == "key_2"


def test_an_unknown_kind_of_connection_is_refused(guard: ApiKeyGuard, behind: Behind) -> None:
    async def nothing(*_: Any) -> Any:
        raise AssertionError("used")

    with pytest.raises(RuntimeError):
        asyncio.run(guard({"type": "webtransport"}, nothing, nothing))
    assert behind.scopes == []


@pytest.mark.parametrize("address", ["127.0.0.1:8321", "ftp://x", "http://", ""])
def test_an_address_that_is_none(behind: Behind, address: str) -> None:
    with pytest.raises(ValueError, match="http://host:port"):
        ApiKeyGuard(behind, address)


def test_the_example_api_behind_the_gateway(
    tmp_path: Path, gateway: Running, harness: Harness
) -> None:
    guard = ApiKeyGuard(build(tmp_path, HeldClock(NOON)), gateway.url)
    served = serve_in_thread(guard, "127.0.0.1", 0, setting="APIKEYS_DEMO_LISTEN")
    body = json.dumps({"title": "Minutes"}).encode()
    other = ApiKeyGuard(build(tmp_path, HeldClock(NOON)), gateway.url)
    assert call(other, "POST", "/documents", _with(READER), body=body).status == 403
    assert call(other, "POST", "/documents", _with(WRITER), body=body).status == 201
    got = call(other, "GET", "/documents", _with(READER))
    assert [document["title"] for document in got.json["documents"]] == ["Minutes"]
    harness.verifier.answers[READER] = harness.verifier.answers[REVOKED]
    assert call(other, "GET", "/documents", _with(READER)).status == 401
    other.close()
    served.stop()
    assert guard._client._closed


def test_a_browsers_preflight_reaches_the_application_without_a_key(behind: Behind) -> None:
    harness = Harness(options=Options(cors_preflight=True))
    asked: list[tuple[str, str | bytes]] = [
        ("origin", "https://dashboard.example"),
        ("access-control-request-method", "DELETE"),
        ("x-apikey-id", "key_of_another"),
    ]
    running = serve_in_thread(harness.app, "127.0.0.1", 0)
    with closing(ApiKeyGuard(behind, running.url)) as guard, ExitStack() as stack:
        stack.callback(running.stop)
        assert call(guard, "OPTIONS", "/documents", asked).status == 200
        assert call(guard, "DELETE", "/documents", asked).status == 401
        assert call(guard, "OPTIONS", "/documents", asked[:1]).status == 401
    (scope,) = behind.scopes
    assert dict(scope["headers"])[b"x-apikey-id"] == b""
    with pytest.raises(KeyError):
        identity(scope)
