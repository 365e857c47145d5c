"""Bad nights of the real program: Slack does not accept a token, or the database is away."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from sandbox.sandbox import Sandbox
from tests.e2e.harness.program import (
    CHANNEL,
    MANIFEST,
    Program,
    asks,
    eventually,
    free_port,
    slack_settings,
)

pytestmark = pytest.mark.sockets


@pytest.mark.parametrize(
    "wrong", [{"SLACK_BOT_TOKEN": "xoxb-wrong"}, {"SLACK_APP_TOKEN": "xapp-wrong"}]
)
def test_a_token_that_slack_does_not_accept_stops_the_bot_alone(
    tmp_path: Path, wrong: dict[str, str]
) -> None:
    listen, bot = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    with Sandbox(MANIFEST) as slack:
        slack.add_channel(CHANNEL.lstrip("#"), members=[])
        settings = slack_settings(slack) | wrong
        settings |= {"APIKEYS_GATEWAY_LISTEN": listen, "APIKEYS_BOT_LISTEN": bot}
        with Program(tmp_path / "program", settings) as program:
            program.waits_until_it_says("the bot does not run: Slack does not accept")
            assert asks(f"http://{listen}", "wrong") == 401
            eventually(lambda: _status(f"http://{bot}/readyz") == 503, "it says so")
            assert "apikeys_bot_running 0.0" in httpx.get(f"http://{bot}/metrics").text
            assert program.alive
            program.stop()


def test_slack_that_cannot_be_reached_holds_up_neither_the_gateway_nor_the_end(
    tmp_path: Path,
) -> None:
    listen = f"127.0.0.1:{free_port()}"
    settings = {
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_APP_TOKEN": "xapp-1",
        "SLACK_API_URL": f"http://127.0.0.1:{free_port()}/api/",
        "APIKEYS_CHANNEL": CHANNEL,
        "APIKEYS_GATEWAY_LISTEN": listen,
    }
    with Program(tmp_path / "program", settings) as program:
        program.waits_until_it_says("auth.test: ")
        assert asks(f"http://{listen}", "wrong") == 401
        program.stop()
        assert '"event": "stopped"' in program.log.read_text()


def _status(url: str) -> int:
    try:
        return httpx.get(url).status_code
    except httpx.TransportError:
        return 0
