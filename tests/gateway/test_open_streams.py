"""What is still open when a key stops working is ended, by a guard in front of a real server."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from gateway.asgi import RECHECK, ApiKeyGuard
from gateway.open_streams import OpenStreams
from keys.credentials.verification import Reason, Refused
from runtime.http_messages import Message, Receive, Scope, Send
from runtime.http_server import Running, serve_in_thread
from tests.gateway.fakes import GOOD, READER, Harness, verified

pytestmark = pytest.mark.sockets

# From the revocation to the end; the promise is a second, the rest is a busy machine.
SOON = 3.0


class Api:
    """An application with what stays open."""

    def __init__(self) -> None:
        self.cancelled: list[str] = []
        self.let_go = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            for step in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{step}.complete"})
            return
        path = scope["path"]
        try:
            if path == "/late":
                while not self.let_go.is_set():
                    await asyncio.sleep(0.01)
            length = [(b"content-length", b"1000000")] if path == "/download" else []
            await send({"type": "http.response.start", "status": 200, "headers": length})
            while path in ("/events", "/download"):
                await send({"type": "http.response.body", "body": b"data\n", "more_body": True})
                await asyncio.sleep(0.02)
            await send({"type": "http.response.body", "body": b"done"})
        except asyncio.CancelledError:
            self.cancelled.append(path)
            raise


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def client(api: Api, gateway: Running) -> Iterator[httpx.Client]:
    guard = ApiKeyGuard(api, gateway.url)
    running = serve_in_thread(guard, "127.0.0.1", 0)
    headers = {"X-API-Key": GOOD}
    with httpx.Client(base_url=running.url, headers=headers, timeout=30, trust_env=False) as made:
        yield made
    running.stop()
    guard.close()


def revoke(harness: Harness) -> float:
    harness.verifier.answers[GOOD] = Refused(Reason.REVOKED, "key_1")
    return time.monotonic()


@pytest.mark.parametrize("path", ["/events", "/download"])
def test_a_stream_ends_soon_after_the_revocation_and_is_seen_to_be_incomplete(
    client: httpx.Client, harness: Harness, api: Api, path: str
) -> None:
    with client.stream("GET", path) as response:
        assert response.status_code == 200
        began = revoked = time.monotonic()
        with pytest.raises(httpx.RemoteProtocolError):
            for _ in response.iter_raw():
                if revoked == began and time.monotonic() - began > 1.2:
                    revoked = revoke(harness)
    assert revoked > began
    assert time.monotonic() - revoked < SOON
    assert api.cancelled == [path]


@pytest.mark.parametrize(
    "changes", [{"scopes": frozenset({"read"})}, {"networks": ("10.0.0.0/8",)}]
)
def test_a_narrower_key_ends_it_too(
    client: httpx.Client, harness: Harness, changes: dict[str, Any]
) -> None:
    with client.stream("POST", "/events") as response:
        harness.verifier.answers[GOOD] = verified(**changes)
        with pytest.raises(httpx.RemoteProtocolError):
            list(response.iter_raw())


def test_a_response_that_has_not_begun_becomes_a_401(
    client: httpx.Client, harness: Harness, api: Api
) -> None:
    threading.Timer(0.7, revoke, [harness]).start()
    got = client.get("/late")
    assert (got.status_code, got.json()["code"]) == (401, "invalid")
    assert api.cancelled == ["/late"]


def test_what_a_good_key_keeps_open_stays_open_and_counts_once(
    client: httpx.Client, harness: Harness, api: Api
) -> None:
    harness.verifier.answers[GOOD] = verified(rate_limit="1/day")
    threading.Timer(2.0, api.let_go.set).start()
    assert client.get("/late").text == "done"
    assert len(harness.usage_recorder.recorded) == 1
    assert client.get("/late").status_code == 429


def test_another_key_is_not_concerned(client: httpx.Client, harness: Harness, api: Api) -> None:
    revoke(harness)
    threading.Timer(1.5, api.let_go.set).start()
    assert client.get("/late", headers={"X-API-Key": READER}).text == "done"


def test_recheck_takes_no_other_method_and_gives_no_identity(harness: Harness) -> None:
    got = harness.bearer(GOOD, path=RECHECK)
    assert got.status == 204
    assert not [name for name, _ in got.headers if name.startswith("x-apikey")]
    assert harness.bearer(GOOD, path=RECHECK, method="POST").status == 405
    assert harness.bearer(READER, "POST", path=RECHECK).status == 403


async def _websocket(status: list[int | None], seconds: float) -> tuple[list[Message], str]:
    """What is sent over an accepted WebSocket while the gateway answers with these statuses."""
    sent, ended = list[Message](), ""

    async def check(_: object) -> int | None:
        return status.pop(0) if len(status) > 1 else status[0]

    async def app(receive: Receive, send: Send) -> None:
        nonlocal ended
        await receive()
        await send({"type": "websocket.accept"})
        try:
            await asyncio.sleep(seconds)
            await send({"type": "websocket.close", "code": 1000})
        except asyncio.CancelledError:
            ended = "cancelled"
            raise

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await OpenStreams(check).run(app, "websocket", (("x-api-key", "…"),), receive, send)
    return sent, ended


@pytest.mark.parametrize("status", [[401], [204, 403], [204, 429, 401]])
def test_a_websocket_is_closed_with_the_code_for_a_policy(status: list[int | None]) -> None:
    sent, ended = asyncio.run(_websocket(status, 30))
    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.close"]
    assert (sent[-1]["code"], ended) == (1008, "cancelled")


@pytest.mark.parametrize("status", [[204], [None, 204], [503, None, 204], [404]])
def test_a_short_outage_or_an_older_gateway_closes_nothing(status: list[int | None]) -> None:
    sent, ended = asyncio.run(_websocket(status, 1.3))
    assert (sent[-1]["code"], ended) == (1000, "")


def test_without_the_gateway_nothing_stays_open_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.open_streams.UNREACHABLE_SECONDS", 0.6)
    sent, ended = asyncio.run(_websocket([None], 30))
    assert (sent[-1]["code"], ended) == (1008, "cancelled")


def test_a_request_that_the_server_gives_up_is_given_up() -> None:
    async def scenario() -> None:
        begun, cancelled = asyncio.Event(), asyncio.Event()

        async def app(_receive: Receive, _send: Send) -> None:
            begun.set()
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                cancelled.set()
                raise

        async def check(_: object) -> int | None:
            return 204

        async def nothing(*_: object) -> Any:
            return {"type": "http.disconnect"}

        streams = OpenStreams(check)
        task = asyncio.ensure_future(streams.run(app, "http", (), nothing, nothing))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(cancelled.wait(), 5)

    asyncio.run(scenario())
