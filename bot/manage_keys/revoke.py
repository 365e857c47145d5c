"""Revoking a key after the question was answered: do it, and say how far it has come."""

from __future__ import annotations

import logging
from datetime import timedelta

from bot.browse_keys import pages
from bot.framework.context import Context
from bot.framework.interaction import Interaction
from bot.framework.router import Router
from bot.manage_keys import revoke_view
from bot.ui import ids, replies
from bot.ui.payloads import ActionPayload
from keys.base.errors import StorageUnavailable
from keys.base.models import State
from keys.changes import propagation
from keys.changes.authorization import admins
from keys.changes.change import within
from keys.changes.propagation import Propagation
from keys.lifecycle.revoke import revoke_key

logger = logging.getLogger("bot")

# A question older than this is asked again: much may have changed since it was read.
QUESTION_LIFETIME = timedelta(hours=1)
# Long enough for gateways, which take milliseconds, and short enough for the person who waits.
PROPAGATION_WAIT = 1.0


def carry_out(interaction: Interaction, key_id: str) -> None:
    """Revokes the key and redraws the question; of two presses the second finds it done.

    The message says how many gateways have confirmed. One that has not is followed by a message of
    its own (bot.manage_keys.revoke_live), which a crash of this bot does not end.
    """
    context = interaction.context
    with context.writing() as session:
        outcome = revoke_key(
            within(context.services, session, interaction.actor),
            key_id,
        )
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
            sleep=context.services.sleep,
        )
    except StorageUnavailable:
        logger.exception("gateways could not be asked for what they have applied")
        return None


def revoke_confirmed(interaction: Interaction) -> None:
    """Revokes the key and redraws the question; a second press finds it done."""
    interaction.acknowledge()
    ref, context = _pressed(interaction), interaction.context
    key = pages.get(interaction, ref.key)
    if key.state is not State.REVOKED and ref.expired(context.clock.now(), QUESTION_LIFETIME):
        interaction.say(replies.expired(), replace=True)
        return
    carry_out(interaction, ref.key)


def cancel(interaction: Interaction) -> None:
    """Leaves the key as it is; if somebody revoked it meanwhile, says so."""
    interaction.acknowledge()
    key = pages.get(interaction, _pressed(interaction).key)
    say = revoke_view.already_revoked if key.state is State.REVOKED else revoke_view.kept
    interaction.say(say(key), replace=True)


def ask(interaction: Interaction) -> None:
    """Ask whether to revoke the key."""
    key = pages.get(interaction, _pressed(interaction).key)
    interaction.say(pages.question(interaction, key))


def _pressed(interaction: Interaction) -> ActionPayload:
    return ActionPayload.decode(interaction.action.get("value"))


router = Router()
router.action(ids.REVOKE, allow=admins)(ask)
router.action(ids.REVOKE_CONFIRMED, allow=admins)(revoke_confirmed)
router.action(ids.CANCEL, allow=admins)(cancel)
