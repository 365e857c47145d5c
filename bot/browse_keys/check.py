"""Diagnose a token that an admin, or an owner, pastes into a modal."""

from __future__ import annotations

from bot.browse_keys import check_view, pages
from bot.framework.interaction import Interaction
from bot.ui import form_values, ids
from keys.search import diagnosis


def open_check(interaction: Interaction) -> None:
    """Open the modal for a token."""
    interaction.acknowledge()
    interaction.context.slack.open_view(interaction.trigger, check_view.ask(interaction.ref()))


def checked(interaction: Interaction) -> None:
    """Show the diagnosis in the modal. The token is neither stored nor logged.

    A member who is not an admin learns of the keys that they own, and of no others.
    """
    context, reader = interaction.context, pages.reader_of(interaction)
    pasted = form_values.text(interaction.view, ids.PASTED)
    with context.reading() as session:
        found = diagnosis.diagnose(context.services, session, pasted, reader.owner)
    interaction.show(check_view.answer(found, interaction.ref(), reader))
