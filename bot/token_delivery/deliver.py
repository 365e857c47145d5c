"""Handing a token to its person after the acknowledgement, by the way that the team has chosen.

    dm      an empty message, the token into it, then it works
    reveal  a message with a button; the token is made when it is pressed
    (bot.token_delivery.reveal)

A crash between any two steps leaves a token that verifies for nobody; bot.background.worker ends it
and redraws its message.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
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
from keys.credentials.tokens import Token
from keys.delivery import deliveries
from keys.delivery.reveals import CLAIMED_WITHIN
from storage import AccountSession

logger = logging.getLogger("bot")

# How long Slack may take for a token, in seconds. A person who has waited so long is better told.
DELIVERY = 30.0
# Longer, so that nobody gives a key up while its token is on its way; and no longer than needed,
# because whoever waits for a key that a crash has taken hears of it when this has passed.
LEASE = timedelta(seconds=DELIVERY + 15)


@dataclass(frozen=True, slots=True)
class TokenDelivery:
    """A token on its way.

    Attributes:
        recipient: the id of the person who is to have it.
        rotated: whether it replaces another one of the key.
        works: makes it work; called once it has reached its person.
        given_up: ends it; gets the reason, and returns whether it was still on its way.
    """

    key: KeyView
    token: Token
    delivery_id: str
    recipient: str
    rotated: bool
    on_delivered: Callable[[AccountSession], object]
    on_cancelled: Callable[[AccountSession, str], bool]


def delivery_deadline(context: Context) -> timedelta:
    """How long a token may be on its way."""
    return CLAIMED_WITHIN if context.policy.delivery is DeliveryWay.REVEAL else LEASE


def hand_over(context: Context, delivery: TokenDelivery) -> str:
    """Does it; if it fails, gives the token up.

    Returns:
        Why the person does not have the token, in a sentence for people; empty if they do, or, with
        `reveal`, have a button for it.
    """
    placed: list[Posted] = []
    try:
        if context.policy.delivery is DeliveryWay.REVEAL:
            _offer(context, delivery)
        else:
            _send(context, delivery, placed)
    except Exception as error:
        logger.exception("the token of %s was not delivered", delivery.key.id)
        why = _reason(error)
        return why if _give_up(context, delivery, placed, why) else ""
    return ""


def _send(context: Context, delivery: TokenDelivery, placed: list[Posted]) -> None:
    slack = context.slack.within(DELIVERY)
    placeholder = views.placeholder_message(delivery.key.name, rotated=delivery.rotated)
    message = slack.dm(delivery.recipient, placeholder["text"], placeholder["blocks"])
    placed.append(message)
    with context.writing() as session:
        deliveries.record_place(session, delivery.delivery_id, message.channel, message.ts)
    ref = ActionPayload(context.clock.now(), delivery=delivery.delivery_id)
    filled = views.token(
        delivery.key, delivery.token.reveal(), context.token_minutes, context.api_url, ref
    )
    slack.update(message, filled["text"], filled["blocks"])
    with context.writing() as session:
        delivery.on_delivered(session)
    context.wake()


def _offer(context: Context, delivery: TokenDelivery) -> None:
    slack = context.slack.within(DELIVERY)
    ref = ActionPayload(context.clock.now(), delivery=delivery.delivery_id)
    message_ = views.reveal_message(delivery.key, delivery.rotated, ref)
    message = slack.dm(delivery.recipient, message_["text"], message_["blocks"])
    with context.writing() as session:
        deliveries.record_place(session, delivery.delivery_id, message.channel, message.ts)


def _reason(error: Exception) -> str:
    if isinstance(error, SlackError | DomainError):
        return f"The token could not be delivered. {error}"
    if isinstance(error, StorageUnavailable):
        return "The database did not answer. Please try again in a minute."
    return "Something went wrong on the way. Please try again."


def _give_up(context: Context, delivery: TokenDelivery, placed: list[Posted], why: str) -> bool:
    """False if the token works all the same: only the answer of making it work was lost.

    What cannot be done now is done by bot.background.worker: it stays pending until its lease ends.
    """
    try:
        with context.writing() as session:
            ended = delivery.on_cancelled(session, why)
        with context.writing() as session:
            works = deliveries.get(session, delivery.delivery_id).sent_at
    except StorageUnavailable:
        logger.exception("%s is given up later", delivery.key.id)
        return True
    if works is not None:
        return False
    if ended and placed:
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
