"""Diagnose a token that an admin pastes into a modal."""

from __future__ import annotations

from bot.browse_keys import check_view
from bot.framework.interaction import Interaction
from bot.ui import form_values, ids
from keys.search import diagnosis


def open_check(interaction: Interaction) -> None:
    """Open the modal for a token."""
    interaction.acknowledge()
    interaction.context.slack.open_view(interaction.trigger, check_view.ask(interaction.ref()))


def checked(interaction: Interaction) -> None:
    """Show the diagnosis in the modal. The token is neither stored nor logged."""
    context = interaction.context
    pasted = form_values.text(interaction.view, ids.PASTED)
    with context.reading() as session:
        found = diagnosis.diagnose(context.services, session, pasted)
    interaction.show(check_view.answer(found, interaction.ref()))
