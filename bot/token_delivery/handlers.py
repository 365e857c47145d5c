"""What is pressed below a token: “I've stored it”, and the buttons of a token that is revealed."""

from __future__ import annotations

from bot.framework.interaction import Interaction
from bot.framework.router import Router
from bot.token_delivery import reveal, views
from bot.token_delivery.remove import Outcome, Removal
from bot.ui import ids, replies
from keys.base.models import State
from keys.delivery import deliveries
from keys.delivery.operations import recipient

_STORED = {
    Outcome.GONE: "The message with the token is gone already.",
    Outcome.LATER: "The token is still in the message, because Slack did not answer. "
    "The app tries again in a moment.",
    Outcome.REMAINS: "The token is still in the message, because Slack lets the app neither edit "
    "nor delete it. Ask an admin to rotate the key.",
}


def stored(interaction: Interaction) -> None:
    """Removes the token from its message; only whom it was sent to can."""
    interaction.acknowledge()
    context, id_ = (
        interaction.context,
        interaction.payload.delivery,
    )
    with context.reading() as session:
        delivery = deliveries.get(session, id_)
    if (
        delivery.recipient != interaction.actor
        or delivery.channel_id is None
        or delivery.message is None
    ):
        interaction.say(replies.domain_error("This token was sent to another person."))
        return
    key = delivery.key
    gone = views.removed(key)
    if key.state is State.ABANDONED:
        gone = views.abandoned(key.name)
    removal = Removal(context.engine, context.slack, context.account_id, context.clock)
    outcome = removal.remove(delivery, gone, interaction.actor)
    if outcome in _STORED:
        interaction.say(replies.domain_error(_STORED[outcome]))


router = Router()
# A recipient who is no admin any more may still remove, or take, the token that was sent to them.
router.action(ids.STORED, allow=recipient)(stored)
router.action(ids.REVEAL, allow=recipient)(reveal.show)
router.view(ids.REVEAL_MODAL, allow=recipient)(reveal.claim)
