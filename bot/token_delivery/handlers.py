"""Handle “I've stored it” below a token, and the buttons that reveal one."""

from __future__ import annotations

from bot.framework.interaction import Interaction
from bot.framework.router import Router
from bot.token_delivery import reveal
from bot.token_delivery.remove import Outcome, Removal
from bot.ui import ids, replies
from keys.changes.authorization import recipient
from keys.delivery import deliveries

_STORED = {
    Outcome.GONE: "The message with the token was already deleted.",
    Outcome.LATER: "The token is still in the message, because Slack did not answer. "
    "The app will try again in a moment.",
    Outcome.REMAINS: "The token is still in the message, because Slack lets the app neither edit "
    "nor delete it. Ask an admin to rotate the key.",
}


def stored(interaction: Interaction) -> None:
    """Remove the token from its message."""
    interaction.acknowledge()
    context = interaction.context
    with context.reading() as session:
        delivery = deliveries.get(session, interaction.payload.delivery)
    outcome = Removal(context.services, context.slack).remove(delivery, interaction.actor)
    if outcome in _STORED:
        interaction.say(replies.domain_error(_STORED[outcome]))


router = Router()
# A recipient who is no longer an admin may still remove, or collect, the token sent to them.
router.action(ids.STORED, allow=recipient)(stored)
router.action(ids.REVEAL, allow=recipient)(reveal.show)
router.view(ids.REVEAL_MODAL, allow=recipient)(reveal.claim)
