"""WebSockets and streams pass each proxy, and live no longer than it is told."""

from __future__ import annotations

import base64
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from keys.base.models import KeyView
from keys.credentials.tokens import Token
from tests.proxies.raw import Connection, answer, connect, head
from tests.proxies.street import Street, street

pytestmark = pytest.mark.sockets
LIFE = 3
# How each proxy says how long a stream may live; nginx has no such limit.
LIMITS = {
    "caddy": {"write 1h": f"write {LIFE}s"},
    "traefik": {"writeTimeout: 1h": f"writeTimeout: {LIFE}s"},
    "envoy": {"max_stream_duration: 3600s": f"max_stream_duration: {LIFE}s"},
    "nginx": {"worker_shutdown_timeout 10s": "worker_shutdown_timeout 1s"},
}


def _handshake(token: Token | None, upgrade: str = "websocket") -> bytes:
    nonce = base64.b64encode(os.urandom(16)).decode()
    lines = [f"Upgrade: {upgrade}", "Connection: keep-alive, Upgrade"]
    lines += [f"Sec-WebSocket-Key: {nonce}", "Sec-WebSocket-Version: 13"]
    lines += [f"Authorization: Bearer {token.reveal()}"] if token else []
    return head("/socket", *lines)


def _frame(text: bytes) -> bytes:
    """Return a text frame as a caller sends it, with a mask of zeros (RFC 6455 §5.2)."""
    return bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text


def _open(connection: Connection, token: Token) -> None:
    connection.send(_handshake(token))
    assert connection.status() == 101
    assert _echoes(connection)


def _echoes(connection: Connection) -> bool:
    frame = _frame(b"hello")
    try:
        connection.send(frame)
        return connection.received.read(len(frame)) == frame
    except OSError:
        return False


def test_a_websocket_opens_with_a_key(street: Street, key: tuple[KeyView, Token]) -> None:
    view, token = key
    for upgrade in ("websocket", "WebSocket"):
        with connect(street.proxy.port) as connection:
            connection.send(_handshake(token, upgrade))
            assert connection.status() == 101
            for _ in range(3):
                assert _echoes(connection)
        arrived = street.api.arrived[-1]
        assert arrived.value("x-apikey-id") == view.id
        assert token.secret not in str(arrived)


def test_a_websocket_without_a_key_is_refused(street: Street) -> None:
    before = len(street.api.arrived)
    assert answer(street.proxy.port, _handshake(None)) == 401
    assert len(street.api.arrived) == before


@pytest.mark.parametrize("upgrade", ["h2c", "HTTP/2.0", "TLS/1.0", "websocket, h2c", "made-up"])
def test_no_other_protocol_is_upgraded_to(
    street: Street, key: tuple[KeyView, Token], upgrade: str
) -> None:
    """After an upgrade, what follows on the connection is no longer checked."""
    before = len(street.api.arrived)
    assert answer(street.proxy.port, _handshake(key[1], upgrade)) != 101
    for request in street.api.arrived[before:]:
        assert request.value("upgrade") == ""


def test_events_come_as_they_are_sent(street: Street, key: tuple[KeyView, Token]) -> None:
    sent = head("/stream", f"X-API-Key: {key[1].reveal()}")
    with connect(street.proxy.port) as connection:
        connection.send(sent)
        assert connection.status() == 200
        began, seen = time.monotonic(), b""
        while b"data: 5\n" not in seen:
            seen += connection.received.readline()
    # The sixth event leaves the API after 0.5 s; a proxy that gathers some kilobytes takes minutes.
    assert 0.3 < time.monotonic() - began < 3


def _ended(connection: Connection, within: float) -> float:
    """Return after how many seconds the proxy ended a stream."""
    began = time.monotonic()
    connection.socket.settimeout(within)
    try:
        while connection.socket.recv(65_536):
            assert time.monotonic() - began < within, "the stream goes on"
    except ConnectionError:
        pass
    return time.monotonic() - began


@pytest.fixture
def short(proxy_name: str, tmp_path: Path) -> Iterator[Street]:
    """A street whose proxy has a short limit on the life of a stream."""
    with street(proxy_name, tmp_path, changed=LIMITS[proxy_name]) as opened:
        yield opened


def test_a_stream_ends_at_the_proxys_limit(short: Street) -> None:
    _, token = short.site.issue()
    with connect(short.proxy.port) as connection:
        connection.send(head("/stream", f"X-API-Key: {token.reveal()}"))
        assert connection.status() == 200
        if short.name == "nginx":
            os.kill(short.proxy.process.pid, signal.SIGHUP)
        assert _ended(connection, LIFE + 5) < LIFE + 2


def test_a_websocket_ends_at_the_proxys_limit(short: Street) -> None:
    """Where the proxy has one: with Caddy 2.6 and Traefik only their own end is one."""
    _, token = short.site.issue()
    with connect(short.proxy.port) as connection:
        _open(connection, token)
        if short.name == "nginx":
            os.kill(short.proxy.process.pid, signal.SIGHUP)
        time.sleep(LIFE + 1)
        if short.name in ("caddy", "traefik"):
            assert _echoes(connection)
            short.proxy.process.terminate()
            # Traefik waits for as long as its graceTimeOut, 10 s.
            assert _ended(connection, 15) < 12
        else:
            assert not _echoes(connection)
