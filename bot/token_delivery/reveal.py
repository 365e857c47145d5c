"""Show a token to its recipient, and activate it once they confirm that they have it.

A recipient who is no longer a full member gets nothing: the delivery is cancelled, and the person
who asked for it is told.
"""

from __future__ import annotations

import logging
from typing import TypeVar

from bot.framework.interaction import Interaction
from bot.slack_api.client import Posted
from bot.slack_api.errors import MessageFixed, MessageGone
from bot.token_delivery import views
from bot.ui.blocks import result_modal
from keys.base.errors import NotAMember
from keys.changes.change import change
from keys.changes.operation import Operation
from keys.delivery import deliveries
from keys.delivery.completion import refuse_recipient
from keys.delivery.deliveries import DeliveryState
from keys.delivery.operations import Claim, Reveal

logger = logging.getLogger("bot")
T = TypeVar("T")


def show(interaction: Interaction) -> None:
    """Generate the token, and open the modal with it."""
    interaction.acknowledge()
    context, pressed = interaction.context, interaction.payload
    made = _execute(interaction, Reveal(delivery=pressed.delivery))
    ref = interaction.ref(delivery=pressed.delivery, cursor=made.public_id)
    with context.reading() as session:
        by = deliveries.get(session, pressed.delivery).by
    maker = views.Maker(by, is_recipient=by == interaction.actor)
    view = views.token_shown(
        made.key, made.token.reveal(), context.api_url, ref, made.purpose, maker
    )
    context.slack.open_view(interaction.trigger, view)


def claim(interaction: Interaction) -> None:
    """Activate the token, and remove the button."""
    context, ref = interaction.context, interaction.payload
    key = _execute(interaction, Claim(delivery=ref.delivery, public_id=ref.cursor))
    with context.reading() as session:
        delivery = deliveries.get(session, ref.delivery)
    collected = views.delivery_message(
        key, delivery.purpose, delivery.method, DeliveryState.REMOVED, by=views.Maker(delivery.by)
    )
    interaction.show(result_modal("Done", collected["blocks"]))
    if delivery.channel_id is None or delivery.message is None:
        return
    try:
        context.slack.update(
            Posted(delivery.channel_id, delivery.message), collected["text"], collected["blocks"]
        )
    except (MessageGone, MessageFixed) as error:
        # The button does nothing now, and the message never had the token.
        logger.info("the message with the button for %s is not updated: %s", key.id, error)


def _execute(interaction: Interaction, operation: Operation[T]) -> T:
    try:
        # The acknowledgement has to answer the modal, so it does not wait for gateways.
        return interaction.execute(operation, wait=0).value
    except NotAMember:
        with change(interaction.context.services, interaction.actor) as made:
            refuse_recipient(made, interaction.payload.delivery)
        raise
