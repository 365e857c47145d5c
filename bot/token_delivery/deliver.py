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
from bot.ui.payloads import Ref
from keys.base.errors import KeysError, StorageUnavailable
from keys.base.models import Actor, KeyView
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
class Errand:
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
    works: Callable[[AccountSession], object]
    given_up: Callable[[AccountSession, str], bool]


def lease(context: Context) -> timedelta:
    """How long a token may be on its way."""
    return CLAIMED_WITHIN if context.policy.delivery is DeliveryWay.REVEAL else LEASE


def hand_over(context: Context, errand: Errand) -> str:
    """Does it; if it fails, gives the token up.

    Returns:
        Why the person does not have the token, in a sentence for people; empty if they do, or, with
        `reveal`, have a button for it.
    """
    placed: list[Posted] = []
    try:
        if context.policy.delivery is DeliveryWay.REVEAL:
            _offer(context, errand)
        else:
            _send(context, errand, placed)
    except Exception as error:
        logger.exception("the token of %s was not delivered", errand.key.id)
        why = _reason(error)
        return why if _give_up(context, errand, placed, why) else ""
    return ""


def _send(context: Context, errand: Errand, placed: list[Posted]) -> None:
    slack = context.slack.within(DELIVERY)
    envelope = views.envelope(errand.key.name, rotated=errand.rotated)
    message = slack.dm(errand.recipient, envelope["text"], envelope["blocks"])
    placed.append(message)
    with context.writing() as session:
        deliveries.place(session, errand.delivery_id, message.channel, message.ts)
    ref = Ref(context.clock.now(), delivery=errand.delivery_id)
    filled = views.token(
        errand.key, errand.token.reveal(), context.token_minutes, context.api_url, ref
    )
    slack.update(message, filled["text"], filled["blocks"])
    with context.writing() as session:
        errand.works(session)
    context.nudge()


def _offer(context: Context, errand: Errand) -> None:
    slack = context.slack.within(DELIVERY)
    ref = Ref(context.clock.now(), delivery=errand.delivery_id)
    offer = views.offer(errand.key, errand.rotated, ref)
    message = slack.dm(errand.recipient, offer["text"], offer["blocks"])
    with context.writing() as session:
        deliveries.place(session, errand.delivery_id, message.channel, message.ts)


def _reason(error: Exception) -> str:
    if isinstance(error, SlackError | KeysError):
        return f"The token could not be delivered. {error}"
    if isinstance(error, StorageUnavailable):
        return "The database did not answer. Please try again in a minute."
    return "Something went wrong on the way. Please try again."


def _give_up(context: Context, errand: Errand, placed: list[Posted], why: str) -> bool:
    """False if the token works all the same: only the answer of making it work was lost.

    What cannot be done now is done by bot.background.worker: it stays pending until its lease ends.
    """
    try:
        with context.writing() as session:
            ended = errand.given_up(session, why)
        with context.writing() as session:
            works = deliveries.get(session, errand.delivery_id).sent_at
    except StorageUnavailable:
        logger.exception("%s is given up later", errand.key.id)
        return True
    if works is not None:
        return False
    if ended and placed:
        _redraw(context, errand)
    return True


def _redraw(context: Context, errand: Errand) -> None:
    gone = gone_from(errand.key, context.policy.delivery, rotated=errand.rotated, worked=False)
    try:
        with context.reading() as session:
            delivery = deliveries.get(session, errand.delivery_id)
        removal = Removal(context.engine, context.slack, context.account_id, context.clock)
        removal.remove(delivery, gone, Actor.system("issuing"))
    except StorageUnavailable:
        logger.exception("the message of %s is redrawn later", errand.key.id)


def gone_from(key: KeyView, how: DeliveryWay, *, rotated: bool, worked: bool) -> Message:
    """What the message says once there is no token in it any more.

    Args:
        how: by which way the token travelled.
        worked: whether the token ever came to work.
    """
    if how is DeliveryWay.REVEAL:
        if worked:
            return views.taken(key)
        return views.not_taken(key, rotated=rotated)
    if worked:
        return views.removed(key)
    return views.not_rotated(key) if rotated else views.abandoned(key.name)
