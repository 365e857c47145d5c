"""The server in a thread: real sockets, real ports, a clean stop, and a wall against bad heads."""

from __future__ import annotations

import http.client
import logging
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from keys.credentials.verification import Refused, Verified
from runtime import http_protocol
from runtime.http_messages import Receive, Scope, Send
from runtime.http_server import ListenError, Running, StartError, serve_in_thread
from tests.gateway.fakes import GOOD, Harness, quiet_port, verified

pytestmark = pytest.mark.sockets
DEADLINE = 10


@pytest.fixture
def running(harness: Harness) -> Iterator[Running]:
    running = serve_in_thread(harness.app, "127.0.0.1", 0)
    yield running
    running.stop()


def _get(running: Running, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=DEADLINE)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


def _raw(running: Running, sent: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", running.port), DEADLINE) as connection:
        connection.settimeout(DEADLINE)
        received = b""
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(sent)
        with suppress(ConnectionResetError):
            while part := connection.recv(65_536):
                received += part
        return received


def test_it_answers_on_a_port_that_the_system_chose(running: Running, harness: Harness) -> None:
    assert running.port > 0
    assert running.url == f"http://127.0.0.1:{running.port}"
    status, headers, body = _get(running, "/authz", **{"X-API-Key": GOOD})
    assert (status, body) == (204, b"")
    assert headers["cache-control"] == "no-store"
    assert "content-length" not in headers
    assert "server" not in headers
    assert headers["x-apikey-id"] == "key_1"
    assert harness.usage_recorder.recorded[0][2] == "127.0.0.0/16"


def test_the_lifespan_is_honoured(harness: Harness) -> None:
    running = serve_in_thread(harness.app, "127.0.0.1", 0)
    seen = [(harness.usage_recorder.running, running.alive)]
    running.stop()
    seen.append((harness.usage_recorder.running, running.alive))
    assert seen == [(True, True), (False, False)]
    running.stop()


def test_nothing_is_left_behind(harness: Harness) -> None:
    before, port = set(threading.enumerate()), quiet_port()
    running = serve_in_thread(harness.app, "127.0.0.1", port)
    _get(running, "/authz", **{"X-API-Key": GOOD})
    running.stop()
    assert set(threading.enumerate()) <= before
    again = serve_in_thread(Harness().app, "127.0.0.1", port)
    again.stop()


def test_the_signals_stay_with_the_main_program(harness: Harness) -> None:
    watched = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in watched]
    running = serve_in_thread(harness.app, "127.0.0.1", 0)
    during = [signal.getsignal(number) for number in watched]
    running.stop()
    assert before == during == [signal.getsignal(number) for number in watched]


def test_a_request_under_way_is_answered_before_the_stop(harness: Harness) -> None:
    begun, let_go = threading.Event(), threading.Event()

    def slow() -> Verified | Refused:
        begun.set()
        assert let_go.wait(DEADLINE)
        return verified()

    harness.verifier.answers[GOOD] = slow
    running = serve_in_thread(harness.app, "127.0.0.1", 0)
    answers: list[int] = []
    asking = threading.Thread(
        target=lambda: answers.append(_get(running, "/authz", **{"X-API-Key": GOOD})[0])
    )
    asking.start()
    assert begun.wait(DEADLINE)
    stopping = threading.Thread(target=running.stop)
    stopping.start()
    let_go.set()
    asking.join(DEADLINE)
    stopping.join(DEADLINE)
    assert answers == [204]
    assert not running.alive


def test_a_taken_port_names_the_setting(running: Running) -> None:
    with pytest.raises(ListenError) as refused:
        serve_in_thread(Harness().app, "127.0.0.1", running.port)
    assert str(refused.value) == (
        f"APIKEYS_GATEWAY_LISTEN is 127.0.0.1:{running.port}, but another program listens there "
        "already; stop it or choose another port."
    )
    with pytest.raises(ListenError, match=r"^APIKEYS_OTHER is "):
        serve_in_thread(Harness().app, "127.0.0.1", running.port, setting="APIKEYS_OTHER")


@pytest.mark.parametrize(("host", "port"), [("192.0.2.1", 0), ("127.0.0.1", 70_000)])
def test_an_address_that_cannot_be(harness: Harness, host: str, port: int) -> None:
    with pytest.raises(ListenError, match="APIKEYS_GATEWAY_LISTEN"):
        serve_in_thread(harness.app, host, port)


def test_an_application_that_does_not_start(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no pepper"})

    before = set(threading.enumerate())
    with pytest.raises(StartError):
        serve_in_thread(app, "127.0.0.1", 0)
    assert "no pepper" in caplog.text
    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize("size", [33_000, 65_536, 200_000])
def test_large_headers_get_a_sentence(running: Running, size: int) -> None:
    status, headers, body = _get(running, "/authz", **{"X-Filler": "a" * size})
    assert status == 431
    assert b"32768 bytes" in body
    assert headers["cache-control"] == "no-store"


def test_headers_without_an_end_are_cut_off(running: Running) -> None:
    got = _raw(running, b"GET /authz HTTP/1.1\r\nX-Filler: " + b"a" * 2_000_000)
    # The rest was never read, so the system may reset the connection before the answer is seen.
    assert got == b"" or got.startswith(b"HTTP/1.1 431 ")


def test_headers_that_never_come_are_not_waited_for(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.05)
    for sent in (b"", b"GET /authz HTTP/1.1\r\nX-"):
        got = _raw(running, sent)
        assert got.startswith(b"HTTP/1.1 408 ")
        assert b"cache-control: no-store" in got


def test_a_kept_connection_serves_many_requests(running: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=DEADLINE)
    for _ in range(50):
        connection.request("GET", "/healthz", headers={"X-Filler": "a" * 20_000})
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, b'{"status": "ok"}')
    connection.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET /authz HTTP/1.1\r\nX Bad: 1\r\n\r\n",
        b"GET /authz HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    ],
)
def test_what_is_no_http(running: Running, sent: bytes) -> None:
    got = _raw(running, sent)
    assert got.startswith(b"HTTP/1.1 400 ")
    assert b"cache-control: no-store" in got
    assert b'{"code": "bad_request"' in got


def test_an_upgrade_is_not_made(running: Running) -> None:
    got = _raw(
        running,
        b"GET /authz HTTP/1.1\r\nHost: x\r\nConnection: upgrade, close\r\n"
        b"Upgrade: websocket\r\nSec-WebSocket-Key: AAAA\r\nSec-WebSocket-Version: 13\r\n\r\n",
    )
    assert got.startswith(b"HTTP/1.1 401 ")


def test_a_non_ascii_path(running: Running) -> None:
    got = _raw(running, b"GET /\xff\xfe%ff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert got.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 404 "))


def test_its_loggers_never_reach_the_level_that_writes_requests(running: Running) -> None:
    for name in ("uvicorn.error", "uvicorn.asgi", "uvicorn.access"):
        assert logging.getLogger(name).getEffectiveLevel() >= logging.WARNING
