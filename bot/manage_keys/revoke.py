"""Revoking a key after the question was answered: do it, and say how far it has come."""

from __future__ import annotations

import logging

from bot.framework.context import Context
from bot.framework.interaction import Interaction
from bot.manage_keys import revoke_view
from keys.base.errors import StorageUnavailable
from keys.changes import propagation
from keys.changes.propagation import Propagation

logger = logging.getLogger("bot")

# Long enough for gateways, which take milliseconds, and short enough for the person who waits.
PROPAGATION_WAIT = 1.0


def carry_out(interaction: Interaction, key_id: str) -> None:
    """Revokes the key and redraws the question; of two presses the second finds it done.

    The message says how many gateways have confirmed. One that has not is followed by a message of
    its own (bot.manage_keys.revoke_live), which a crash of this bot does not end.
    """
    context = interaction.context
    with context.writing() as session:
        outcome = context.service.revoke(session, key_id, interaction.actor)
    if outcome.fence is None:
        interaction.say(revoke_view.already_revoked(outcome.key), replace=True)
        return
    context.wake()
    interaction.say(revoke_view.revoked(outcome.key, watched(context, outcome.fence)), replace=True)


def watched(context: Context, fence: str | None) -> Propagation | None:
    """How far a change has come after a moment of waiting.

    Returns:
        None if that cannot be found out, or there is no fence; the change is made in any case.
    """
    if fence is None:
        return None
    try:
        return propagation.watch(
            context.engine,
            context.clock,
            fence,
            for_seconds=PROPAGATION_WAIT,
            since=context.clock.monotonic(),
            sleep=context.sleep,
        )
    except StorageUnavailable:
        logger.exception("gateways could not be asked for what they have applied")
        return None
