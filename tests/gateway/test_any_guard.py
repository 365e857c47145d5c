"""Whatever callers send and the gateway answers, the ASGI guard does not fail."""

from __future__ import annotations

import asyncio
import io
from http.client import HTTPConnection
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.app import Gateway
from gateway.asgi import Answer, ApiKeyGuard, identity
from gateway.base.client_address import FORWARDED, X_FORWARDED_FOR, Proxies
from gateway.base.options import Options, read_networks
from runtime.http_messages import Message, Receive, Scope, Send
from runtime.http_server import serve_in_thread
from tests.gateway.fakes import GOOD, Harness, acall, call, verified
from tests.gateway.test_any_request import GATEWAYS, HEADERS, TEXT, TOKEN

CLIENTS = st.none() | st.tuples(
    TEXT
    | st.ip_addresses().map(str)
    | st.sampled_from(['x", for=10.0.0.1', "fe80::1%eth0", 'fe80::1%", 10.0.0.1;x="']),
    st.just(1),
)


class Api:
    """An application behind a guard that notes what reaches it."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


API = Api()
GUARD: Any = ApiKeyGuard(API, "http://gateway.test", connections=1)


def send(scope: Scope) -> list[Message]:
    """Send a request through the guard; return what the caller gets."""
    API.scopes.clear()
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def keep(message: Message) -> None:
        sent.append(message)

    asyncio.run(GUARD(scope, receive, keep))
    return sent


def refused(sent: list[Message]) -> bool:
    """Whether a caller was refused, and told so as it should be."""
    first = sent[0]
    if first["type"].startswith("websocket"):
        return bool(first["type"] == "websocket.close")
    status = first["status"]
    assert status in {200, 503} or 400 <= status < 500
    return bool(status != 200)


@given(st.sampled_from(GATEWAYS), st.sampled_from(["http", "websocket"]), TEXT, CLIENTS, HEADERS)
def test_any_request(
    app: Gateway,
    kind: str,
    method: str,
    client: tuple[str, int] | None,
    headers: list[tuple[bytes, bytes]],
) -> None:
    told: list[list[str]] = []

    def ask(asked: list[tuple[str, str]], path: str) -> Answer:
        told.append([dict(asked)[name] for name in ("X-Forwarded-For", "Forwarded")])
        plain = [(name.lower(), value.encode("latin-1")) for name, value in asked]
        got = call(app, "GET", path, plain)
        assert got.status < 500
        return Answer(got.status, got.headers, got.body)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GUARD._client, "ask", ask)
        scope = {"type": kind, "method": method, "headers": headers, "client": client, "path": "/"}
        if not refused(send(scope)):
            (reached,) = API.scopes
            assert any(TOKEN.reveal().encode() in value for _, value in headers)
            assert not {b"authorization", b"x-api-key"} & dict(reached["headers"]).keys()
            assert identity(reached).key_id
    for name, forwarded in told:
        # One hop, whatever stands in the client's place.
        assert name == "unknown" or "%" not in str(ip_address(name))
        assert forwarded in (f'for="{name}"', f'for="[{name}]"')


class Wire:
    """A socket by which one reply comes."""

    def __init__(self, reply: bytes) -> None:
        self._reply = reply

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._reply)

    def sendall(self, _sent: bytes) -> None:
        pass

    def close(self) -> None:
        pass


BYTES = st.binary(max_size=20)
LINES = st.lists(
    st.sampled_from([b"id", b"name", b"owner", b"scopes", b"account", b"\xff"]).map(
        b"X-Apikey-".__add__
    )
    | st.sampled_from([b"Content-Length", b"Transfer-Encoding", b"Retry-After", b"Connection"])
    | BYTES,
    max_size=6,
).flatmap(
    lambda names: st.tuples(
        *(
            (BYTES | st.sampled_from([b"key_1", b"%C3%BC", b"%FF", b"-1", b"chunked"])).map(
                (name + b": ").__add__
            )
            for name in names
        )
    )
)
STATUSES = st.sampled_from([b"204", b"204", b"200", b"401", b"500", b"100", b"999", b"0", b"x"])


@given(
    st.tuples(STATUSES, LINES, BYTES).map(
        lambda made: b"\r\n".join((b"HTTP/1.1 " + made[0] + b" X", *made[1], b"", made[2]))
    )
    | st.binary(max_size=60)
)
@example(b"HTTP/1.1 204 X\r\nX-Apikey-Id: key_1\r\nX-Apikey-Account: T\xff\r\n\r\n")
@example(b"HTTP/1.1 204 X\r\nX-Apikey-Id: key_1\r\nX-Apikey-\xff: a\r\n\r\n")
@example(b"HTTP/1.1 204 X\r\nX-Apikey-Id: key_1\r\nX-Apikey-Owner: %FF\r\n\r\n")
@example(b"HTTP/1.1 401 X\r\nRetry-After: \xff\r\nContent-Length: 0\r\n\r\n")
def test_any_reply(reply: bytes) -> None:
    class Connection(HTTPConnection):
        def connect(self) -> None:
            self.sock: Any = Wire(reply)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GUARD._client, "_kind", Connection)
        patch.setattr(GUARD._client, "_idle", [])
        sent = send({"type": "http", "method": "GET", "headers": [], "client": None, "path": "/"})
    assert refused(sent) == (not API.scopes)
    for each in API.scopes:
        assert b" 204 " in reply
        told = b"".join(name + value for name, value in each["headers"])
        # An identity that is not as a gateway writes it is nobody's.
        assert told.isascii()
        assert b"%FF" not in dict(each["headers"]).get(b"x-apikey-owner", b"")


@pytest.mark.sockets
@pytest.mark.parametrize("header", [X_FORWARDED_FOR, FORWARDED])
@pytest.mark.parametrize("trusted", ["127.0.0.1", "127.0.0.1, 10.0.0.0/8"])
def test_a_caller_over_a_unix_socket_is_in_no_network(header: bytes, trusted: str) -> None:
    harness = Harness(options=Options(proxies=Proxies(read_networks(trusted), header)))
    harness.verifier.answers[GOOD] = verified(networks=("0.0.0.0/0", "::/0"))
    running = serve_in_thread(harness.app, "127.0.0.1", 0)
    guard = ApiKeyGuard(Api(), running.url)

    async def ask(*peers: str | None) -> list[int]:
        return [(await acall(guard, "GET", "/", sent, peer=peer)).status for peer in peers]

    sent = [("x-api-key", GOOD)]
    assert asyncio.run(ask("10.1.2.3", "2001:db8::1", None, "", "localhost")) == [
        200, 200, 401, 401, 401,
    ]  # fmt: skip
    guard.close()
    running.stop()
    networks = [found for _, _, found in harness.usage_recorder.recorded]
    assert networks == ["10.1.0.0/16", "2001:db8::/48"]
