"""Revoke a key, after a question."""

from __future__ import annotations

from datetime import timedelta

from bot.framework.interaction import Interaction
from bot.framework.router import Router
from bot.manage_keys import revoke_view
from bot.ui import ids, replies, revocation
from bot.ui.blocks import Message
from keys.base.models import KeyView, State
from keys.changes.authorization import admins
from keys.operations import Revoke

# An older question is refused: much may have changed since it was read.
QUESTION_LIFETIME = timedelta(hours=1)
router = Router()


@router.action(ids.REVOKE, allow=admins)
@router.choice(ids.DO_REVOKE, allow=admins)
def ask(interaction: Interaction) -> None:
    """Ask whether to revoke the key."""
    interaction.say(question(interaction, interaction.key))


@router.action(ids.REVOKE_CONFIRMED, allow=admins)
def confirmed(interaction: Interaction) -> None:
    """Revoke the key; the result replaces the question. A second press changes nothing.

    The result shows how many gateways have confirmed. If one has not, a live message follows it
    (bot.manage_keys.revoke_live), even if this process crashes.
    """
    interaction.acknowledge()
    payload, now = interaction.payload, interaction.context.clock.now()
    if payload.expired(now, QUESTION_LIFETIME) and interaction.key.state is not State.REVOKED:
        interaction.say(replies.expired(), replace=True)
        return
    outcome = interaction.execute(Revoke(key=payload.key))
    interaction.say(revocation.outcome(outcome), replace=True)


@router.action(ids.CANCEL, allow=admins)
def cancel(interaction: Interaction) -> None:
    """Leave the key as it is; show if it was revoked in the meantime."""
    interaction.acknowledge()
    key = interaction.key
    render = revocation.already_revoked if key.state is State.REVOKED else revoke_view.kept
    interaction.say(render(key), replace=True)


def question(interaction: Interaction, key: KeyView) -> Message:
    """Render the question whether to revoke the key; if it is revoked, who did it."""
    if key.state is State.REVOKED:
        return revocation.already_revoked(key)
    return revoke_view.confirmation(key, interaction.ref(key=key.id))
