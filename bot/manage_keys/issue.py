"""Making a key after the acknowledgement: its token is delivered, then the key works."""

from __future__ import annotations

import logging

from bot.framework.context import Context
from bot.manage_keys import create_view
from bot.slack_api.errors import SlackError
from bot.token_delivery.deliver import TokenDelivery, deliver_token, say
from bot.ui.blocks import View
from keys.base.actors import Actor
from keys.base.policy import DeliveryWay
from keys.delivery.deliveries import Purpose
from keys.lifecycle.create import PendingKey
from keys.search import search

logger = logging.getLogger("bot")


def issue(context: Context, pending: PendingKey, user_id: str, view_id: str) -> None:
    """Deliver a new key's token, and show what came of it.

    Args:
        user_id: who asked for the key and gets its token.
        view_id: the modal that shows the outcome.
    """
    delivery = TokenDelivery.of(pending, user_id, Actor.person(user_id), Purpose.NEW)
    if why := deliver_token(context, delivery):
        why = f"{why} No key was made."
        _show(context, view_id, create_view.not_made(why), user_id, why)
        return
    with context.reading() as session:
        key = search.get(session, pending.key.id)
    offered = context.policy.delivery is DeliveryWay.REVEAL
    view = create_view.offered(key) if offered else create_view.made(key)
    _show(context, view_id, view, user_id, "")


def _show(context: Context, view_id: str, view: View, user_id: str, why: str) -> None:
    try:
        context.slack.update_view(view_id, view)
    except SlackError as error:
        # Most people close the modal at once; the message with the token says the same.
        logger.info("the modal was not redrawn: %s", error.code)
        if why:
            say(context, user_id, why)
