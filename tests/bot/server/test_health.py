"""How the bot is: a silent socket is noticed, and what happens is counted."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from slack_bolt import BoltRequest
from slack_sdk.socket_mode.builtin import SocketModeClient

from bot.server.health import SILENT_SECONDS, Socket, pages
from bot.server.metrics import Metrics
from bot.server.slack_health import PARTS
from tests.bot.harness.fake_slack import refusal
from tests.bot.harness.listening import Bench


class Client:
    """Stands where slack_sdk's client would be."""

    def __init__(self) -> None:
        self.message_listeners: list[Any] = []
        self.connected = True
        self.current_session = SimpleNamespace(last_ping_pong_time=None)

    def is_connected(self) -> bool:
        return self.connected


class Watch:
    """A socket, and the time that it sees."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.client = Client()
        self.socket = Socket(cast(SocketModeClient, self.client), lambda: self.now)


def test_a_socket_that_is_open_and_silent_is_not_well() -> None:
    watch = Watch()
    assert watch.socket.check() is None
    watch.now += SILENT_SECONDS + 1
    assert "silent for 31 s" in str(watch.socket.check())
    watch.client.current_session.last_ping_pong_time = watch.now - 1
    assert watch.socket.check() is None
    watch.now += SILENT_SECONDS
    assert watch.socket.check() is not None
    (hear,) = watch.client.message_listeners
    hear(None, {"type": "hello"}, None)
    assert watch.socket.check() is None
    assert watch.socket.envelope_age == 0.0
    watch.client.connected = False
    assert "not connected" in str(watch.socket.check())


def test_ready_is_who_has_nothing_wrong() -> None:
    wrong: list[str | Exception] = []

    def check() -> str | None:
        if wrong and isinstance(wrong[0], Exception):
            raise wrong[0]
        return cast(str, wrong[0]) if wrong else None

    parts = dict.fromkeys(PARTS, "ok")
    app = pages({"database": lambda: None, "socket": check}, Metrics(), lambda: parts)

    def get(path: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:
                return await client.get(path)

        return asyncio.run(ask())

    assert get("/healthz").json() == {"status": "ok"}
    ready = get("/readyz")
    assert (ready.status_code, ready.json()["socket"]) == (200, "ok")
    assert get("/readyz/slack").json() == {"status": "ok", **parts}
    parts["channel"] = "is_archived"
    unwell = get("/readyz/slack")
    assert (unwell.status_code, unwell.json()["channel"]) == (503, "is_archived")
    # Starting the bot again would mend nothing.
    assert get("/readyz").status_code == 200
    wrong.append("It is silent.")
    ready = get("/readyz")
    assert ready.status_code == 503
    assert ready.json() == {"status": "not ready", "database": "ok", "socket": "It is silent."}
    wrong[0] = OSError("gone")
    assert get("/readyz").json()["socket"] == "failed (OSError); the log has more"
    assert get("/healthz").status_code == 200


def test_requests_are_counted_by_kinds_that_nobody_can_make_up(bench: Bench) -> None:
    metrics = cast(Any, bench.app)._metrics
    bench.types("help")
    bench.app.dispatch(_junk())
    text = metrics.text().decode()
    assert 'apikeys_bot_requests_total{kind="command",status="200"} 1.0' in text
    assert 'apikeys_bot_acknowledgement_seconds_count{kind="command"} 1.0' in text
    assert 'kind="other"' in text
    assert "evil" not in text


def _junk() -> Any:
    return BoltRequest(mode="socket_mode", body={"type": "evil", "team": {"id": "T0ACME"}})


def test_calls_to_slack_are_counted_with_what_came_of_them() -> None:
    metrics, replies = Metrics(), [{"ok": True}, refusal("ratelimited", 429), TimeoutError()]

    def calls(method: str, args: Any, *, form: bool, timeout: float) -> Any:
        reply = replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    attempt = metrics.instrument(calls)
    assert attempt("users.info", {}, form=True, timeout=1) == {"ok": True}
    for _ in range(2):
        with pytest.raises(Exception):  # noqa: B017, PT011 - whatever the attempt raised
            attempt("users.info", {}, form=True, timeout=1)
    metrics.watch("things", "Things.", lambda: 7.0)
    text = metrics.text().decode()
    for outcome in ("ok", "ratelimited", "failed"):
        line = f'apikeys_bot_slack_calls_total{{method="users.info",outcome="{outcome}"}} 1.0'
        assert line in text
    assert "apikeys_bot_things 7.0" in text
