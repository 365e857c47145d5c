"""What all listeners share: the services, and the few plain values that they need."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.error import URLError

from slack_sdk.webhook import WebhookClient
from sqlalchemy import Engine

from bot.authorization.admins import Admins
from bot.slack_api.client import SlackClient
from bot.slack_api.errors import Unavailable
from keys.base.policy import Policy
from keys.lifecycle.create import KeyService
from runtime.clock import Clock
from storage import AccountSession, reading, writing

COMMAND = "/apikeys"
# Under which name Bolt's own context carries ours.
IN_BOLT = "apikeys"
_TIMEOUT = 8
# Called with a response URL and what is sent there. Raises SlackError.
Answers = Callable[[str, dict[str, Any]], None]


def web_answers(url: str, answer: dict[str, Any]) -> None:
    """Sends an answer to a response URL, which Slack takes five times within 30 minutes.

    Raises:
        Unavailable: if Slack did not take it.
    """
    try:
        response = WebhookClient(url, timeout=_TIMEOUT).send_dict(answer)
    except (URLError, OSError) as error:
        raise Unavailable(
            method="response_url", code=type(error).__name__, outcome_unknown=True
        ) from None
    if response.status_code != 200:
        raise Unavailable(
            method="response_url", code=f"http_{response.status_code}", outcome_unknown=False
        )


@dataclass(frozen=True, slots=True)
class Context:
    """One account's services.

    Attributes:
        slack: the client for use after an acknowledgement.
        admins: asks Slack before the acknowledgement, so it is made with `slack.quick()`.
        channel: where the team is told.
        token_minutes: how long a token stays in its message.
        api_url: the address of the API, for the example beside a token.
        policy: what the team has decided about its keys.
        answers: sends to response URLs.
        nudge: called after a change of which others are to hear, so that they hear at once.
        sleep: waits between two looks at something that is watched.
    """

    engine: Engine
    service: KeyService
    slack: SlackClient
    admins: Admins
    account_id: str
    channel: str
    clock: Clock
    token_minutes: int
    api_url: str
    policy: Policy = field(default_factory=Policy)
    respond_to_url: Answers = field(default=web_answers)
    wake: Callable[[], None] = field(default=lambda: None)
    sleep: Callable[[float], None] = field(default=time.sleep)

    @property
    def token_lifetime(self) -> timedelta:
        """How long a token stays in its message."""
        return timedelta(minutes=self.token_minutes)

    def reading(self) -> AbstractContextManager[AccountSession]:
        """A transaction of this account that changes nothing. Raises StorageUnavailable."""
        return reading(self.engine, self.account_id)

    def writing(self) -> AbstractContextManager[AccountSession]:
        """A transaction of this account that is committed at its end. Raises StorageUnavailable."""
        return writing(self.engine, self.account_id)
