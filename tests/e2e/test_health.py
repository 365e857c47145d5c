"""The bot tells how it is, over HTTP."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.e2e.harness.at_work import at_work
from tests.e2e.harness.program import CHANNEL, eventually, free_port

pytestmark = pytest.mark.sockets


def test_the_bot_is_ready_until_its_socket_is_lost(tmp_path: Path) -> None:
    listen = f"127.0.0.1:{free_port()}"
    people = {"bob": ("Bob Brown", "admin")}
    with at_work(tmp_path / "program", people, page=False, APIKEYS_BOT_LISTEN=listen) as world:
        bot = f"http://{listen}"
        ready = httpx.get(f"{bot}/readyz")
        assert (ready.status_code, set(ready.json())) == (
            200, {"status", "database", "rounds", "socket"},
        )  # fmt: skip
        bob = world.slack.person("bob").goes_to(CHANNEL)
        bob.types("/apikeys help")
        bob.sees("/apikeys list", within=15)
        text = httpx.get(f"{bot}/metrics").text
        assert 'apikeys_bot_requests_total{kind="command",status="200"} 1.0' in text
        assert 'apikeys_bot_slack_calls_total{method="users.info",outcome="ok"}' in text
        assert "apikeys_bot_socket_connected 1.0" in text

        world.slack.faults.disconnect("link_disabled")
        # The client connects anew by itself; until then, it is not ready.
        eventually(lambda: httpx.get(f"{bot}/readyz").status_code == 200, "it is back")
