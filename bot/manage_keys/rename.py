"""Rename a key: the modal, the advice on a poor name, and the new name."""

from __future__ import annotations

from bot.framework.interaction import Interaction
from bot.framework.router import Router
from bot.manage_keys import rename_view
from bot.ui import form_values, ids, replies
from keys.base.models import KeyView, State
from keys.changes.authorization import admins
from keys.inputs.names import advice_on
from keys.operations import Rename

router = Router()


@router.action(ids.RENAME, allow=admins)
@router.choice(ids.DO_RENAME, allow=admins)
def pressed(interaction: Interaction) -> None:
    """Open the modal for the key that the payload names, with a name that was typed before."""
    open_rename(interaction, interaction.key, interaction.payload.query)


def open_rename(interaction: Interaction, key: KeyView, name: str = "") -> None:
    """Open the modal for a new name; a revoked key keeps its name."""
    if key.state is not State.ACTIVE:
        interaction.say(
            replies.domain_error(f"“{key.name}” was revoked and can no longer be renamed.")
        )
        return
    interaction.acknowledge()
    view = rename_view.rename(key, interaction.ref(key=key.id), name)
    interaction.context.slack.open_view(interaction.trigger, view)


@router.view(ids.RENAME_MODAL, allow=admins)
def rename(interaction: Interaction) -> None:
    """Give the key its new name, or say in the modal why not."""
    payload, view, key = interaction.payload, interaction.view, interaction.key
    name = form_values.text(view, ids.NAME)
    wanted = interaction.read(lambda: Rename(key=payload.key, name=name))
    if wanted is None:
        return
    advice = advice_on(wanted.name) if wanted.name != key.name else None
    if advice and not form_values.chosen(view, ids.ANYWAY):
        interaction.show(rename_view.rename(key, payload, wanted.name, advice))
        return
    outcome = interaction.submit(lambda: wanted)
    if outcome is not None:
        interaction.show(rename_view.renamed(outcome.value, key.name))
