"""No token in any log: canaries go through slack_sdk's and slack_bolt's own DEBUG logs."""

from __future__ import annotations

import io
import json
import logging
import time
from collections.abc import Iterator

import pytest
from pytest_mock import MockerFixture
from slack_bolt import Ack, App, BoltRequest
from slack_sdk import WebClient
from slack_sdk.socket_mode.builtin import SocketModeClient

from cli.bootstrap.redaction import redact
from keys.credentials.tokens import make
from runtime.redaction import install

TOKEN = make("ak")
CANARY = TOKEN.reveal()
BOT_CANARY = "xoxb-" + "123456789012-canarycanary"
APP_CANARY = "xapp-" + "1-A012-345-canarycanary"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What a handler of the root logger wrote, at DEBUG, with the redactor installed."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    uninstall = install(redact)
    try:
        yield out
    finally:
        uninstall()
        root.removeHandler(handler)
        root.setLevel(level)


def assert_clean(text: str) -> None:
    assert text
    for secret in (TOKEN.secret, "canarycanary"):
        assert secret not in text


def test_the_public_beginning_stays(log: io.StringIO) -> None:
    logging.getLogger("some.where").info("made %s for %s", CANARY, "bob")
    assert f"made ak_{TOKEN.public_id}_[removed] for bob" in log.getvalue()


@pytest.mark.parametrize(
    "secret", [f"signed in {BOT_CANARY} {APP_CANARY}", "wss://x/link/?ticket=canarycanary&app_id=1"]
)
def test_what_slack_hands_out(log: io.StringIO, secret: str) -> None:
    logging.getLogger("some.where").debug(secret)
    assert_clean(log.getvalue())


def test_redact_leaves_other_text_alone() -> None:
    text = "xoxb is a kind of token, https://x/?a=ticket, ak_7Fq2…x9Qe"
    assert redact(text) == text


def answer_with(mocker: MockerFixture, body: dict[str, object]) -> None:
    """Every call to Slack is answered so, without a socket."""
    response = mocker.MagicMock(code=200)
    response.headers.get_content_type.return_value = "application/json"
    response.headers.get_content_charset.return_value = "utf-8"
    response.read.return_value = json.dumps(body).encode()
    mocker.patch("slack_sdk.web.base_client.urlopen", return_value=response)


def test_what_slack_sdk_logs(log: io.StringIO, mocker: MockerFixture) -> None:
    logger = logging.getLogger("slack_sdk.web.base_client")
    mocker.patch.object(logger, "level", logging.DEBUG)
    answer_with(mocker, {"ok": True, "message": {"text": CANARY}})
    client = WebClient(BOT_CANARY)
    client.chat_postMessage(channel="D1", text=f"Your token: {CANARY}")
    assert "Your token: ak_" in log.getvalue()
    assert "Received the following response" in log.getvalue()
    assert_clean(log.getvalue())


def test_what_slack_bolt_logs(log: io.StringIO, mocker: MockerFixture) -> None:
    identity = {"team_id": "T1", "user_id": "U0", "bot_id": "B0"}
    answer_with(mocker, {"ok": True, **identity})
    app = App(
        token=BOT_CANARY,
        signing_secret="s",
        token_verification_enabled=False,
        request_verification_enabled=False,
        process_before_response=True,
    )

    @app.command("/apikeys")
    def answer(ack: Ack) -> None:
        ack(f"You pasted {CANARY}")

    app.dispatch(
        BoltRequest(
            body=f"command=/apikeys&text=show+{CANARY}&team_id=T1&user_id=U1&token=v",
            headers={
                "content-type": ["application/x-www-form-urlencoded"],
                "x-slack-request-timestamp": [str(int(time.time()))],
            },
        )
    )
    assert "You pasted ak_" in log.getvalue()
    assert_clean(log.getvalue())


def test_what_socket_mode_logs(log: io.StringIO, mocker: MockerFixture) -> None:
    logger = logging.getLogger("slack_sdk.socket_mode.client")
    mocker.patch.object(logger, "level", logging.DEBUG)
    # The client's own methods write the log; building one would start its threads.
    client = mocker.MagicMock(spec=SocketModeClient, logger=logger)
    client.current_session = mocker.MagicMock()
    client.on_message_listeners = []
    answer = json.dumps({"envelope_id": "e", "payload": {"text": CANARY}})
    SocketModeClient.send_message(client, answer)
    SocketModeClient._on_message(client, answer)
    assert "Sending a message" in log.getvalue()
    assert "on_message invoked" in log.getvalue()
    assert_clean(log.getvalue())
