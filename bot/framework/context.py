"""What all handlers of a workspace share: the services and a few plain values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from urllib.error import URLError

from slack_sdk.webhook import WebhookClient
from sqlalchemy import Engine

from bot.authorization.admins import Admins
from bot.slack_api.client import SlackClient
from bot.slack_api.errors import Unavailable
from bot.slack_api.people_names import PeopleNames
from bot.slack_api.token_watch import TokenWatch
from bot.ui.blocks import Block
from bot.ui.payloads import ActionPayload
from keys.base.models import KeyView
from keys.base.policy import Policy
from keys.changes.services import Services
from keys.search import search
from runtime.clock import Clock
from storage import AccountSession

# The key of our context in Bolt's context.
IN_BOLT = "apikeys"
_TIMEOUT = 8
# Renders blocks for the top of a user's App Home, by their id and with the payload of all buttons
# there; none if there is nothing to say.
HomeNotice = Callable[[AccountSession, "Context", str, ActionPayload], Sequence[Block]]
# Sends an answer to a response URL. Raises SlackError.
Answers = Callable[[str, dict[str, Any]], None]


def web_answers(url: str, answer: dict[str, Any]) -> None:
    """Send an answer to a response URL, which works five times within 30 minutes.

    Raises:
        Unavailable: if Slack did not accept it.
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
    """What the handlers of one workspace share.

    Attributes:
        services: the account's database, clock and rules; its operations ask Slack who is a member.
        slack: the client for use after an acknowledgement.
        admins: checks roles before the acknowledgement, so it uses `slack.quick()`.
        channel: where the bot posts changes.
        token_minutes: how long a token stays in its message.
        api_url: the address of the API, for the example below a token.
        respond_to_url: sends answers to response URLs.
        token: knows whether Slack accepts the bot's token.
        home_notices: render what stands at the top of an admin's App Home, above the keys.
        member_notices: render the same for a member who is not an admin.
        names: knows people's names.
    """

    services: Services
    slack: SlackClient
    admins: Admins
    channel: str
    token_minutes: int
    api_url: str
    respond_to_url: Answers = field(default=web_answers)
    token: TokenWatch = field(default_factory=TokenWatch)
    home_notices: Sequence[HomeNotice] = ()
    member_notices: Sequence[HomeNotice] = ()
    names: PeopleNames = field(init=False)

    def __post_init__(self) -> None:
        # Here, so that no place which makes a context can forget it.
        services = replace(self.services, membership=self.admins.membership)
        object.__setattr__(self, "services", services)
        object.__setattr__(self, "names", PeopleNames(self.slack, self.services.clock))

    @property
    def engine(self) -> Engine:
        """The database."""
        return self.services.engine

    @property
    def account_id(self) -> str:
        """The workspace's account."""
        return self.services.account_id

    @property
    def clock(self) -> Clock:
        """The clock."""
        return self.services.clock

    @property
    def policy(self) -> Policy:
        """The team's policy."""
        return self.services.policy

    def wake(self) -> None:
        """Start the next round of background work now."""
        self.services.wake()

    @property
    def token_lifetime(self) -> timedelta:
        """How long a token stays in its message."""
        return timedelta(minutes=self.token_minutes)

    def reading(self) -> AbstractContextManager[AccountSession]:
        """Open a read-only transaction of this account. Raises StorageUnavailable."""
        return self.services.reading()

    def key(self, key_id: str) -> KeyView:
        """Return a key. Raises KeyNotFound."""
        with self.reading() as session:
            return search.get(session, key_id)

    def writing(self) -> AbstractContextManager[AccountSession]:
        """Open a transaction of this account, committed at its end. Raises StorageUnavailable."""
        return self.services.writing()
