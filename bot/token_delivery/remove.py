"""Remove a token from its message, for the timer, the button and failed deliveries alike.

The message is rewritten; if Slack does not allow that, it is deleted. Only then is the removal
recorded in the audit log. If neither is possible, the team and the recipient are told once, and it
is retried with growing pauses.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum

from bot.slack_api.backoff import pause_after
from bot.slack_api.client import Posted, SlackClient
from bot.slack_api.errors import BadCredentials, MessageGone, RateLimited, SlackError, Unavailable
from bot.token_delivery.views import Maker, delivery_message
from keys.base.actors import Actor
from keys.base.policy import DeliveryWay
from keys.changes.change import change
from keys.changes.services import Services
from keys.delivery import deliveries
from keys.delivery.deliveries import DeliveryState, DeliveryView

logger = logging.getLogger("bot")

# These are temporary: the same call may succeed later.
_TEMPORARY = (RateLimited, Unavailable, BadCredentials)


class Outcome(StrEnum):
    """What happened to the token in its message."""

    REMOVED = "removed"  # rewritten without it, or deleted
    GONE = "gone"  # the message was already deleted
    LATER = "later"  # Slack did not answer; the timer retries
    REMAINS = "remains"  # neither changed nor deleted; people are told, and the timer retries


@dataclass(frozen=True, slots=True)
class Removal:
    """Remove tokens from the messages of one account."""

    services: Services
    slack: SlackClient

    def remove(self, delivery: DeliveryView, by: Actor) -> Outcome:
        """Rewrite the message without its token, or delete it, and record the result.

        Raises:
            StorageUnavailable: if the result could not be recorded.
        """
        try:
            outcome = self._remove_from_message(delivery)
        except SlackError as error:
            outcome = Outcome.LATER if isinstance(error, _TEMPORARY) else Outcome.REMAINS
            logger.warning("the token of %s is not removed yet: %s", delivery.key.id, error)
        # A message with a button never had the token.
        if outcome is Outcome.REMAINS and delivery.method is DeliveryWay.REVEAL:
            outcome = Outcome.GONE
        with change(self.services, by) as made:
            if outcome in (Outcome.REMOVED, Outcome.GONE):
                deliveries.record_removed(made, delivery.id)
                return outcome
            if outcome is Outcome.REMAINS:
                deliveries.record_remained(made, delivery.id)
            again = made.now + pause_after(delivery.attempts)
            deliveries.retry(made.session, delivery.id, again)
        return outcome

    def _remove_from_message(self, delivery: DeliveryView) -> Outcome:
        if delivery.channel_id is None or delivery.message is None:
            return Outcome.GONE
        posted = Posted(delivery.channel_id, delivery.message)
        cancelled = delivery.state is DeliveryState.CANCELLED
        state = DeliveryState.CANCELLED if cancelled else DeliveryState.REMOVED
        message = delivery_message(
            delivery.key, delivery.purpose, delivery.method, state, by=Maker(delivery.by)
        )
        try:
            self.slack.update(posted, message["text"], message["blocks"])
        except MessageGone:
            return Outcome.GONE
        except _TEMPORARY:
            raise
        except SlackError as error:
            logger.warning("the message of %s is deleted instead: %s", delivery.key.id, error)
            return Outcome.REMOVED if self.slack.delete(posted) else Outcome.GONE
        return Outcome.REMOVED
