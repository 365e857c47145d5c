"""Showing a token to its person, and making it work once they say that they have it."""

from __future__ import annotations

import logging

from bot.framework.interaction import Interaction
from bot.slack_api.client import Posted
from bot.slack_api.errors import MessageFixed, MessageGone
from bot.token_delivery import views
from bot.ui import ids
from bot.ui.blocks import modal
from keys.delivery import deliveries
from keys.operations import ConfirmReceipt, Reveal

logger = logging.getLogger("bot")


def show(interaction: Interaction) -> None:
    """Makes the token, and opens the modal with it. Whoever else presses gets nothing."""
    interaction.acknowledge()
    context, pressed = interaction.context, interaction.payload
    revealed = interaction.execute(Reveal(delivery=pressed.delivery)).value
    ref = interaction.ref(delivery=pressed.delivery, cursor=revealed.public_id)
    view = views.shown(
        revealed.key, revealed.token.reveal(), context.api_url, ref, rotated=revealed.rotated
    )
    context.slack.open_view(interaction.trigger, view)


def claim(interaction: Interaction) -> None:
    """Makes the token work, and takes the button away."""
    context, ref = (
        interaction.context,
        interaction.payload,
    )
    receipt = ConfirmReceipt(delivery=ref.delivery, public_id=ref.cursor)
    key = interaction.execute(receipt).value
    taken = views.taken(key)
    interaction.show(modal("Done", ids.RESULT_MODAL, taken["blocks"], close="Close"))
    with context.reading() as session:
        delivery = deliveries.get(session, ref.delivery)
    if delivery.channel_id is None or delivery.message is None:
        return
    try:
        context.slack.update(
            Posted(delivery.channel_id, delivery.message), taken["text"], taken["blocks"]
        )
    except (MessageGone, MessageFixed) as error:
        # The button shows nothing any more, and the message never had the token.
        logger.info("the message with the button for %s is not redrawn: %s", key.id, error)
