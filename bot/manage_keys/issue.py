"""Deliver a new key's token after Slack's request has been acknowledged."""

from __future__ import annotations

from bot.framework.context import Context
from bot.manage_keys import create_view
from bot.token_delivery.deliver import TokenDelivery, deliver_token, show_outcome
from keys.base.actors import Actor
from keys.base.policy import DeliveryWay
from keys.delivery.deliveries import Purpose
from keys.lifecycle.create import PendingKey


def issue(context: Context, pending: PendingKey, user_id: str, view_id: str) -> None:
    """Deliver a new key's token, and show the result.

    Args:
        user_id: the admin who created the key and gets its token.
        view_id: the modal that shows the result.
    """
    delivery = TokenDelivery.of(pending, user_id, Actor.person(user_id), Purpose.NEW)
    if error := deliver_token(context, delivery):
        error = f"{error} No key was created."
        show_outcome(context, view_id, create_view.creation_failed(error), user_id, error)
        return
    key = context.key(pending.key.id)
    reveal = context.policy.delivery is DeliveryWay.REVEAL
    view = create_view.reveal_pending(key) if reveal else create_view.created(key)
    show_outcome(context, view_id, view, user_id, "")
