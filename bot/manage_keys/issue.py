"""Making a key after the acknowledgement: its token is delivered, then the key works."""

from __future__ import annotations

from bot.framework.context import Context
from bot.manage_keys import create_view
from bot.token_delivery.deliver import TokenDelivery, deliver_token, show_outcome
from keys.base.actors import Actor
from keys.base.policy import DeliveryWay
from keys.delivery.deliveries import Purpose
from keys.lifecycle.create import PendingKey


def issue(context: Context, pending: PendingKey, user_id: str, view_id: str) -> None:
    """Deliver a new key's token, and show what came of it.

    Args:
        user_id: who asked for the key and gets its token.
        view_id: the modal that shows the outcome.
    """
    delivery = TokenDelivery.of(pending, user_id, Actor.person(user_id), Purpose.NEW)
    if why := deliver_token(context, delivery):
        why = f"{why} No key was made."
        show_outcome(context, view_id, create_view.not_made(why), user_id, why)
        return
    key = context.key(pending.key.id)
    offered = context.policy.delivery is DeliveryWay.REVEAL
    view = create_view.offered(key) if offered else create_view.made(key)
    show_outcome(context, view_id, view, user_id, "")
