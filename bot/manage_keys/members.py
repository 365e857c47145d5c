"""Check that the users chosen for a key are full members, which only Slack knows."""

from __future__ import annotations

from collections.abc import Mapping

from bot.authorization.admins import Person
from bot.framework.interaction import Interaction
from bot.ui import form_values, replies


def refusals(interaction: Interaction, known: Mapping[str, str | None]) -> dict[str, str]:
    """Return an error for each input whose user is not a full member.

    Args:
        known: the inputs, each with the user who need not be checked.
    """
    return {
        block_id: replies.OWNER_IS_NO_MEMBER
        for block_id, was in known.items()
        if (person := form_values.person(interaction.view, block_id))
        and person != was
        and not interaction.context.admins.check_membership(Person(person))
    }
