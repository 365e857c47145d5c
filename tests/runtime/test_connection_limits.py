"""No peer holds a connection by being slow, all the connections, or the event loop."""

from __future__ import annotations

import asyncio
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

import pytest

from gateway.base.options import Options
from gateway.cache.verdict_cache import fingerprint
from runtime.addresses import read_network
from runtime.connection_limits import (
    CONNECTIONS,
    NOT_HTTP,
    PEER_CONNECTIONS,
    SLOW,
    ConnectionLimits,
    LateReplies,
    PipelineQueue,
)
from runtime.http_server import Running, serve_in_thread
from tests.gateway.fakes import GOOD, READER, Harness, verified
from tests.gateway.raw import exchange


@pytest.mark.parametrize(
    ("peers", "refused"),
    [
        (["192.0.2.1"] * 3, PEER_CONNECTIONS),
        (["192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1"], PEER_CONNECTIONS),
        (["2001:db8::1", "2001:db8::2", "2001:db8::ffff:3"], PEER_CONNECTIONS),
        (["fe80::1%eth0", "fe80::1%eth1", "fe80::2"], PEER_CONNECTIONS),
        (["testclient"] * 3, PEER_CONNECTIONS),
        (["192.0.2.1", "192.0.2.2", "192.0.2.1"], None),
        (["2001:db8::1", "2001:db8:0:1::1", "2001:db8:0:2::1"], None),
        (["10.1.2.3"] * 5, None),
        (["::ffff:10.1.2.3"] * 5, None),
        ([None] * 5, None),
        ([None] * 6, CONNECTIONS),
        (["10.1.2.3"] * 6, CONNECTIONS),
        ([f"192.0.2.{number}" for number in range(6)], CONNECTIONS),
    ],
)
def test_the_last_of_these_is_refused_or_not(peers: list[str | None], refused: str | None) -> None:
    limits = ConnectionLimits(total=5, per_peer=2, unlimited=[read_network("10.0.0.0/8")])
    *earlier, last = peers
    assert [limits.admit(peer) for peer in earlier] == [None] * len(earlier)
    assert limits.admit(last) == refused
    for peer in earlier if refused else peers:
        limits.release(peer)
    assert limits.connections == 0
    assert not limits._of_peer
    assert limits.admit(last) is None


@dataclass
class Slices:
    """A pipeline that notes when it is fed."""

    name: str
    left: int
    order: list[str] = field(default_factory=list)

    def feed_slice(self, _size: int) -> bool:
        self.order.append(self.name)
        self.left -= 1
        if self.left < 0:
            raise AssertionError("fed after its end")
        return self.left > 0


def test_pipelines_take_turns_with_each_other_and_with_everything_else() -> None:
    order: list[str] = []

    async def run() -> None:
        queue, loop = PipelineQueue(), asyncio.get_running_loop()
        for name, count in (("a", 3), ("b", 2), ("c", 1)):
            queue.add(Slices(name, count, order))
        for _ in range(6):
            order.append("|")
            await asyncio.sleep(0)
        queue.add(Slices("d", 2, order))
        loop.call_soon(order.append, "other")
        await asyncio.sleep(0.01)

    asyncio.run(run())
    assert order == ["|", "a", "|", "b", "|", "c", "|", "a", "|", "b", "|", "a", "d", "other", "d"]


@dataclass
class Looping:
    """A connection whose program asks again as soon as it is refused, a number of times."""

    queue: LateReplies
    number: int
    left: int
    sent: list[tuple[int, int]]
    turn: list[int]

    def send_late(self) -> None:
        self.sent.append((self.turn[0], self.number))
        self.left -= 1
        if self.left:
            self.queue.add(self)


@pytest.mark.parametrize(
    ("connections", "most"), [(1, 1), (4, 4), (5, 4), (32, 4), (80, 10), (400, 50)]
)
def test_programs_that_loop_on_refusals_never_ask_all_at_once(connections: int, most: int) -> None:
    times = 3
    sent: list[tuple[int, int]] = []

    async def run() -> None:
        queue, turn = LateReplies(), [0]
        for number in range(connections):
            queue.add(Looping(queue, number, times, sent, turn))
        async with asyncio.timeout(30):
            while len(sent) < connections * times:
                turn[0] += 1
                await asyncio.sleep(0)
        # The last has left nothing behind that would send again.
        queue.add(Looping(queue, connections, 1, sent, turn))
        await asyncio.sleep(0.05)

    asyncio.run(run())
    *looping, after = sent
    assert max(Counter(turn for turn, _ in looping).values()) == most
    # Each in its turn, and nobody twice before everybody once.
    assert [number for _, number in looping] == list(range(connections)) * times
    assert after[1] == connections


# Over real connections


@dataclass
class Place:
    """A running gateway with tight limits."""

    server: Running
    refused: list[tuple[str, str]]

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.server.port), 10)


@pytest.fixture
def place() -> Iterator[Place]:
    harness = Harness(options=Options(read_timeout=0.2), remembering=True)
    harness.cache.add(fingerprint(GOOD.encode()), verified())
    harness.cache.valid_until(1e9)
    refused: list[tuple[str, str]] = []
    limits = ConnectionLimits(
        total=10,
        per_peer=3,
        body_seconds=0.4,
        on_refused=lambda reason, peer: refused.append((reason, peer)),
    )
    server = serve_in_thread(
        harness.app, "127.0.0.1", 0, fast_path=harness.app.fast_path, limits=limits
    )
    yield Place(server, refused)
    server.stop()


_GET = ("X-Original-Method: GET",)


def _request(token: str = GOOD, *more: str, method: str = "GET", path: str = "/authz") -> bytes:
    lines = (f"{method} {path} HTTP/1.1", "Host: x", f"X-API-Key: {token}", *_GET, *more)
    return "\r\n".join((*lines, "", "")).encode()


def _until_closed(connection: socket.socket, drip: bytes, seconds: float = 5.0) -> float:
    """Send a byte now and then until the peer closes; return after how many seconds it did."""
    started = time.monotonic()
    connection.settimeout(0.02)
    while time.monotonic() - started < seconds:
        try:
            connection.sendall(drip)
            if not connection.recv(65_536):
                break
        except TimeoutError:
            continue
        except OSError:
            break
    else:
        raise AssertionError("the connection is still open")
    return time.monotonic() - started


@pytest.mark.sockets
def test_a_peer_with_too_many_connections_gets_a_503_until_one_of_them_ends(place: Place) -> None:
    with ExitStack() as stack:
        held = [stack.enter_context(place.connect()) for _ in range(3)]
        for connection in held:
            connection.sendall(_request())
            assert connection.recv(1_000).startswith(b"HTTP/1.1 204 ")
        fourth = stack.enter_context(place.connect())
        got = fourth.recv(1_000)
        assert got.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert b"\r\nretry-after: 2\r\n" in got
        assert b"\r\nconnection: close\r\n" in got
        assert b'"code": "too_many_connections"' in got
        assert place.refused == [(PEER_CONNECTIONS, "127.0.0.1")]
        # Those that it has go on.
        held[0].sendall(_request())
        assert held[0].recv(1_000).startswith(b"HTTP/1.1 204 ")
        held[1].close()
        deadline = time.monotonic() + 5
        while exchange(place.server.port, _request(), answers=1) != [204]:
            assert time.monotonic() < deadline


@pytest.mark.sockets
@pytest.mark.parametrize(
    ("sent", "drip"),
    [
        (_request(GOOD, "Content-Length: 1000", method="POST"), b"x"),
        (_request(GOOD, "Transfer-Encoding: chunked", method="POST"), b"1\r\nx\r\n"),
        (_request(GOOD, "Content-Length: 1000", method="POST", path="/nowhere"), b"x"),
        (
            _request(
                "", "Content-Type: application/json", "Content-Length: 1000",
                method="POST", path="/v1/keys:verify",
            ),
            b" ",
        ),
        (_request(READER, "Content-Length: 10", method="PUT") + b"0123456789" + _request(
            GOOD, "Content-Length: 99", method="PUT"), b"x"),
    ],
    ids=["unread", "chunked", "not-found", "read", "second"],
)  # fmt: skip
def test_a_body_that_drips_holds_no_connection(place: Place, sent: bytes, drip: bytes) -> None:
    with place.connect() as connection:
        connection.sendall(sent)
        assert _until_closed(connection, drip) < 2
    assert place.refused == [(SLOW, "127.0.0.1")]


@pytest.mark.sockets
@pytest.mark.parametrize("token", [GOOD, READER], ids=["fast", "application"])
def test_blank_lines_do_not_keep_an_idle_connection(
    place: Place, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setattr(place.server._server.config, "timeout_keep_alive", 0.2)
    with place.connect() as connection:
        connection.sendall(_request(token))
        assert connection.recv(1_000).startswith(b"HTTP/1.1 204 ")
        assert _until_closed(connection, b"\r\n") < 2


@pytest.mark.sockets
@pytest.mark.parametrize("token", [GOOD, READER], ids=["fast", "application"])
def test_a_peer_that_reads_no_replies_is_cut_off(place: Place, token: str) -> None:
    with place.connect() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.settimeout(0.05)
        deadline = time.monotonic() + 60
        while (SLOW, "127.0.0.1") not in place.refused:
            assert time.monotonic() < deadline
            try:
                connection.sendall(_request(token) * 500)
            except TimeoutError:
                continue
            except OSError:
                break
    assert (SLOW, "127.0.0.1") in place.refused
    assert exchange(place.server.port, _request(), answers=1) == [204]


@pytest.mark.sockets
@pytest.mark.parametrize("sent", [b"\x16\x03\x01\r\n\r\n", b"GET / FTP/1.1\r\n\r\n", b"\0" * 100])
def test_what_is_not_http_is_counted(
    place: Place, caplog: pytest.LogCaptureFixture, sent: bytes
) -> None:
    assert exchange(place.server.port, sent, answers=None) == [400]
    assert place.refused == [(NOT_HTTP, "127.0.0.1")]
    # Uvicorn's own line for each would be a flood's.
    assert not [record for record in caplog.records if record.name.startswith("uvicorn")]


MIXED = [
    (_request(), 204), (_request(READER), 204), (_request(path="/nowhere"), 404),
    (_request(), 204), (_request("nonsense"), 401),
]  # fmt: skip


@pytest.mark.sockets
@pytest.mark.parametrize(
    ("pieces", "half_closed"), [(MIXED, False), (MIXED[:1], False), (MIXED[:1], True)]
)
def test_a_long_pipeline_is_answered_in_order(
    place: Place, pieces: list[tuple[bytes, int]], half_closed: bool
) -> None:
    times = 300 // len(pieces)
    with place.connect() as connection:
        connection.sendall(b"".join(sent for sent, _ in pieces) * times)
        if half_closed:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while received.count(b"HTTP/1.1 ") < 300:
            part = connection.recv(65_536)
            assert part, received.count(b"HTTP/1.1 ")
            received += part
    statuses = [int(each[:3]) for each in received.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [status for _, status in pieces] * times


@pytest.mark.sockets
def test_a_neighbour_does_not_wait_for_a_pipeline(place: Place) -> None:
    count = 20_000
    with place.connect() as greedy, place.connect() as neighbour:
        greedy.settimeout(0)
        sent = memoryview(_request() * count)
        at = greedy.send(sent)
        neighbour.sendall(_request())
        assert neighbour.recv(1_000).startswith(b"HTTP/1.1 204 ")
        answered = 0
        with suppress(BlockingIOError):
            answered = greedy.recv(1 << 22).count(b"HTTP/1.1 204 ")
        assert answered < at // len(_request())
