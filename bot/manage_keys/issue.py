"""Making a key after the acknowledgement: its token is handed over, then the key works."""

from __future__ import annotations

import logging

from bot.framework.context import Context
from bot.manage_keys import create_view
from bot.slack_api.errors import SlackError
from bot.token_delivery.deliver import TokenDelivery, hand_over
from bot.ui import replies
from bot.ui.blocks import View
from keys.base.actors import Actor
from keys.base.policy import DeliveryWay
from keys.changes.change import SYSTEM, within
from keys.lifecycle.create import PendingKey, activate_key, cancel_key
from keys.search import search

logger = logging.getLogger("bot")


def issue(context: Context, reservation: PendingKey, user_id: str, view_id: str) -> None:
    """Hands over the token and makes the key work; if that fails, gives the key up and says why.

    Args:
        user_id: who asked for the key and gets its token.
        view_id: the modal that shows the outcome.
    """
    if why := hand_over(context, delivery_of(context, reservation, user_id, Actor.person(user_id))):
        why = f"{why} No key was made."
        _show(context, view_id, create_view.not_made(why), user_id, why)
        return
    with context.reading() as session:
        key = search.get(session, reservation.key.id)
    offered = context.policy.delivery is DeliveryWay.REVEAL
    _show(
        context,
        view_id,
        create_view.offered(key) if offered else create_view.made(key),
        user_id,
        "",
    )


def delivery_of(
    context: Context, reservation: PendingKey, recipient: str, actor: Actor
) -> TokenDelivery:
    """The errand of a new key's token; `actor` is who has the key made."""
    service, delivery = context.services, reservation.delivery_id
    return TokenDelivery(
        key=reservation.key,
        token=reservation.token,
        delivery_id=delivery,
        recipient=recipient,
        rotated=False,
        on_delivered=lambda session: activate_key(
            within(service, session, actor), delivery, context.token_lifetime
        ),
        on_cancelled=lambda session, why: (
            cancel_key(
                within(service, session, SYSTEM), reservation.key.id, why, tell=False
            ).changed
        ),
    )


def _show(context: Context, view_id: str, view: View, user_id: str, why: str) -> None:
    try:
        context.slack.update_view(view_id, view)
    except SlackError as error:
        # Most people close the modal at once; the message with the token says the same.
        logger.info("the modal was not redrawn: %s", error.code)
        if why:
            say(context, user_id, why)


def say(context: Context, user_id: str, why: str) -> None:
    """Tells somebody by direct message what went wrong."""
    message = replies.domain_error(why)
    try:
        context.slack.dm(user_id, message["text"], message["blocks"])
    except SlackError:
        logger.exception("%s was not told what went wrong", user_id)
