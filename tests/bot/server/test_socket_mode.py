"""A socket that Slack no longer opens is a fault of the app's token; what passes is not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from bot.server import socket_mode
from bot.slack_api.errors import BadCredentials, RateLimited, SlackError, Unavailable


class Handler:
    """Opens sockets with the answers that it is given: an error, or the address of a socket."""

    def __init__(self, *answers: Exception | str) -> None:
        self.answers = list(answers)
        self.closed = False
        self.client: Any = SimpleNamespace(
            issue_new_wss_url=self._issue,
            message_listeners=[],
            wss_uri=None,
            message_workers=ThreadPoolExecutor(1),
        )

    def _issue(self) -> str:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def connect(self) -> None:
        assert self.client.wss_uri

    def close(self) -> None:
        self.closed = True


def _refusal(code: str, status: int = 200) -> SlackApiError:
    answer = SimpleNamespace(data={"error": code}, status_code=status, headers={})
    return SlackApiError("x", answer)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (_refusal("invalid_auth"), BadCredentials),
        (_refusal("not_allowed_token_type"), BadCredentials),
        (_refusal("missing_scope"), BadCredentials),
        (_refusal("socket_mode_disabled"), BadCredentials),
        (_refusal("internal_error"), Unavailable),
        (_refusal("ratelimited", 429), RateLimited),
        (ConnectionRefusedError(), Unavailable),
    ],
)
def test_a_start_that_fails(answer: Exception, kind: type[SlackError]) -> None:
    handler: Any = Handler(answer)
    with pytest.raises(kind) as raised:
        socket_mode.connect(handler, lambda _: None)
    assert handler.closed
    if kind is BadCredentials:
        assert "SLACK_APP_TOKEN" in str(raised.value)


@pytest.mark.parametrize(("code", "faults"), [("invalid_auth", 1), ("internal_error", 0)])
def test_a_socket_that_is_not_opened_again(code: str, faults: int) -> None:
    handler: Any = Handler("ws://x", _refusal(code))
    told: list[SlackError] = []
    socket_mode.connect(handler, told.append)
    with pytest.raises(SlackApiError):
        handler.client.issue_new_wss_url()
    assert len(told) == faults
