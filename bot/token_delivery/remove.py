"""Taking a token out of its message: the one way, for the timer, the button and failed deliveries.

The message is rewritten; where Slack does not allow that, it is deleted. Only then does the record
say that the token was removed. Where neither is possible the team and the recipient are told once,
and it is tried again with growing pauses.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Engine

from bot.slack_api.backoff import pause_after
from bot.slack_api.client import Posted, SlackClient
from bot.slack_api.errors import BadCredentials, MessageGone, RateLimited, SlackError, Unavailable
from bot.ui.blocks import Message
from keys.base.actors import Actor
from keys.base.policy import DeliveryWay
from keys.delivery import deliveries
from keys.delivery.deliveries import DeliveryView
from runtime.clock import Clock
from storage import writing

logger = logging.getLogger("bot")

# These say nothing about the message: the same call may be taken later.
_PASSING = (RateLimited, Unavailable, BadCredentials)


class Outcome(StrEnum):
    """What became of the token in its message."""

    REMOVED = "removed"  # rewritten without it, or deleted
    GONE = "gone"  # somebody had deleted the message
    LATER = "later"  # Slack did not answer; the timer tries again
    REMAINS = "remains"  # neither changed nor deleted; people are told, and the timer tries again


@dataclass(frozen=True, slots=True)
class Removal:
    """Takes tokens out of the messages of one account."""

    engine: Engine
    slack: SlackClient
    account_id: str
    clock: Clock

    def remove(self, delivery: DeliveryView, message: Message, by: Actor) -> Outcome:
        """Put `message` in the place of the token, or delete it, and record what came of it.

        Raises:
            StorageUnavailable: if that could not be recorded.
        """
        try:
            outcome = self._take_out(delivery, message)
        except SlackError as error:
            outcome = Outcome.LATER if isinstance(error, _PASSING) else Outcome.REMAINS
            logger.warning("the token of %s is not removed yet: %s", delivery.key.id, error)
        # With a button to reveal it, the message never had the token.
        if outcome is Outcome.REMAINS and delivery.method is DeliveryWay.REVEAL:
            outcome = Outcome.GONE
        now, pause = self.clock.now(), pause_after(delivery.attempts)
        with writing(self.engine, self.account_id) as session:
            if outcome in (Outcome.REMOVED, Outcome.GONE):
                deliveries.removed(session, delivery.id, by, now)
                return outcome
            if outcome is Outcome.REMAINS:
                deliveries.remained(session, delivery.id, by, now)
            deliveries.retry(session, delivery.id, now + pause)
        return outcome

    def _take_out(self, delivery: DeliveryView, message: Message) -> Outcome:
        if delivery.channel_id is None or delivery.message is None:
            return Outcome.GONE
        posted = Posted(delivery.channel_id, delivery.message)
        try:
            self.slack.update(posted, message["text"], message["blocks"])
        except MessageGone:
            return Outcome.GONE
        except _PASSING:
            raise
        except SlackError as error:
            logger.warning("the message of %s is deleted instead: %s", delivery.key.id, error)
            return Outcome.REMOVED if self.slack.delete(posted) else Outcome.GONE
        return Outcome.REMOVED
