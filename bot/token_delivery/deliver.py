"""Handing a token to its person after the acknowledgement, by the way that the team has chosen.

    dm      an empty message, the token into it, then it works
    reveal  a message with a button; the token is made when it is pressed
    (bot.token_delivery.reveal)

A crash between any two steps leaves a token that verifies for nobody; bot.background.worker ends it
and redraws its message.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from bot.framework.context import Context
from bot.slack_api.client import Posted
from bot.slack_api.errors import SlackError
from bot.token_delivery import views
from bot.token_delivery.remove import Removal
from bot.ui.blocks import Message
from bot.ui.payloads import ActionPayload
from keys.base.actors import Actor
from keys.base.errors import DomainError, StorageUnavailable
from keys.base.models import KeyView
from keys.base.policy import DeliveryWay
from keys.changes.change import SYSTEM, change
from keys.credentials.tokens import Token
from keys.delivery import deliveries, outcome
from keys.delivery.outcome import Purpose
from keys.delivery.reveals import CLAIMED_WITHIN
from keys.lifecycle.create import PendingKey

logger = logging.getLogger("bot")

# How long Slack may take for a token, in seconds. A person who has waited so long is better told.
DELIVERY = 30.0
# Longer, so that nobody gives a key up while its token is on its way; and no longer than needed,
# because whoever waits for a key that a crash has taken hears of it when this has passed.
LEASE = timedelta(seconds=DELIVERY + 15)


@dataclass(frozen=True, slots=True)
class TokenDelivery:
    """A token that is being delivered.

    Attributes:
        recipient: the id of the person who gets it.
        actor: who has it made.
    """

    purpose: Purpose
    key: KeyView
    token: Token
    delivery_id: str
    recipient: str
    actor: Actor

    @classmethod
    def of(
        cls, purpose: Purpose, pending: PendingKey, recipient: str, actor: Actor
    ) -> TokenDelivery:
        """The delivery of a key's, or a rotation's, new token."""
        return cls(purpose, pending.key, pending.token, pending.delivery_id, recipient, actor)

    @property
    def rotated(self) -> bool:
        """Whether it replaces another token of the key."""
        return self.purpose is Purpose.ROTATION


def delivery_deadline(context: Context) -> timedelta:
    """How long a delivery may take."""
    return CLAIMED_WITHIN if context.policy.delivery is DeliveryWay.REVEAL else LEASE


def deliver_token(context: Context, delivery: TokenDelivery) -> str:
    """Deliver a token; if that fails, cancel it.

    Returns:
        Why the recipient does not have the token, in a sentence for people; empty if they do, or,
        with `reveal`, have a button for it.
    """
    try:
        if context.policy.delivery is DeliveryWay.REVEAL:
            _offer(context, delivery)
        else:
            _send(context, delivery)
    except Exception as error:
        logger.exception("the token of %s was not delivered", delivery.key.id)
        why = _reason(error)
        return why if _cancel(context, delivery, why) else ""
    return ""


def _send(context: Context, delivery: TokenDelivery) -> None:
    """Note the place, show the token there, then let it work: in this order, whatever breaks."""
    slack = context.slack.within(DELIVERY)
    placeholder = views.placeholder_message(delivery.key.name, rotated=delivery.rotated)
    message = slack.dm(delivery.recipient, placeholder["text"], placeholder["blocks"])
    _record_place(context, delivery, message)
    payload = ActionPayload(context.clock.now(), delivery=delivery.delivery_id)
    filled = views.token(
        delivery.key, delivery.token.reveal(), context.token_minutes, context.api_url, payload
    )
    slack.update(message, filled["text"], filled["blocks"])
    with change(context.services, delivery.actor) as made:
        outcome.complete(made, delivery.purpose, delivery.delivery_id, context.token_lifetime)


def _offer(context: Context, delivery: TokenDelivery) -> None:
    payload = ActionPayload(context.clock.now(), delivery=delivery.delivery_id)
    offer = views.reveal_message(delivery.key, delivery.rotated, payload)
    slack = context.slack.within(DELIVERY)
    _record_place(context, delivery, slack.dm(delivery.recipient, offer["text"], offer["blocks"]))


def _record_place(context: Context, delivery: TokenDelivery, message: Posted) -> None:
    with context.writing() as session:
        deliveries.record_place(session, delivery.delivery_id, message.channel, message.ts)


def _reason(error: Exception) -> str:
    if isinstance(error, SlackError | DomainError):
        return f"The token could not be delivered. {error}"
    if isinstance(error, StorageUnavailable):
        return "The database did not answer. Please try again in a minute."
    return "Something went wrong on the way. Please try again."


def _cancel(context: Context, delivery: TokenDelivery, why: str) -> bool:
    """End the delivery; returns False if the token works all the same, since only the answer to
    making it work was lost.

    What cannot be done now is done by bot.background.worker, once the deadline has passed.
    """
    try:
        with change(context.services, SYSTEM) as made:
            ended = outcome.cancel(made, delivery.purpose, delivery.delivery_id, why, tell=False)
        with context.reading() as session:
            now = deliveries.get(session, delivery.delivery_id)
    except StorageUnavailable:
        logger.exception("the delivery of %s is cancelled later", delivery.key.id)
        return True
    if now.sent_at is not None:
        return False
    if ended and now.message is not None:
        _redraw(context, delivery)
    return True


def _redraw(context: Context, delivery: TokenDelivery) -> None:
    gone = gone_from(delivery.key, context.policy.delivery, rotated=delivery.rotated, worked=False)
    try:
        with context.reading() as session:
            message = deliveries.get(session, delivery.delivery_id)
        removal = Removal(context.engine, context.slack, context.account_id, context.clock)
        removal.remove(message, gone, Actor.system("issuing"))
    except StorageUnavailable:
        logger.exception("the message of %s is redrawn later", delivery.key.id)


def gone_from(key: KeyView, method: DeliveryWay, *, rotated: bool, worked: bool) -> Message:
    """What the message says once there is no token in it any more.

    Args:
        how: by which way the token travelled.
        worked: whether the token ever came to work.
    """
    if method is DeliveryWay.REVEAL:
        if worked:
            return views.taken(key)
        return views.not_taken(key, rotated=rotated)
    if worked:
        return views.removed(key)
    return views.not_rotated(key) if rotated else views.abandoned(key.name)
