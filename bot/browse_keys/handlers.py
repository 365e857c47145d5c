"""Handle the buttons of the list of keys and of the help."""

from __future__ import annotations

from bot.browse_keys import check, export, help_view, pages
from bot.framework.interaction import Handler, Interaction
from bot.framework.router import Router
from bot.ui import ids
from bot.ui.command_name import command_name
from keys.changes.authorization import admins, everyone


def show_guide(interaction: Interaction) -> None:
    """Show the guide; admins get buttons for their tasks, everyone else one to request a key."""
    may_change = bool(interaction.decide(admins))
    interaction.say(
        help_view.help_message(command_name(), interaction.ref(), may_change=may_change)
    )


def search(interaction: Interaction) -> None:
    """Replace the list by the keys that match."""
    query = str(interaction.action.get("value") or "")
    box = str(interaction.action.get("block_id") or "")
    interaction.say(
        pages.keys(interaction, interaction.ref(query=query), searched_in=box), replace=True
    )


def _turn_page(interaction: Interaction, *, backwards: bool) -> None:
    interaction.say(pages.keys(interaction, interaction.payload, backwards=backwards), replace=True)


def _choose(interaction: Interaction) -> None:
    payload = interaction.payload
    interaction.choose(payload.do, payload)


router = Router()


@router.choice(ids.DO_DETAILS, allow=admins)
def show_details(interaction: Interaction) -> None:
    """Show everything about one key."""
    message = pages.details(interaction, interaction.payload.key)
    interaction.say(message, title=interaction.key.name)


_admins_only: dict[str, Handler] = {
    ids.LIST: lambda interaction: interaction.say(pages.keys(interaction, interaction.ref())),
    ids.SEARCH: search,
    ids.SHOW_ALL: lambda interaction: interaction.say(
        pages.keys(interaction, interaction.ref()), replace=True
    ),
    ids.PREVIOUS_PAGE: lambda interaction: _turn_page(interaction, backwards=True),
    ids.NEXT_PAGE: lambda interaction: _turn_page(interaction, backwards=False),
    ids.KEY_MENU: _choose,
    ids.KEY_CHOICE: _choose,
    ids.CHECK: check.open_check,
    ids.EXPORT: lambda interaction: export.export(interaction, ""),
}
for _id, _handler in _admins_only.items():
    router.action(_id, allow=admins)(_handler)
router.view(ids.CHECK_MODAL, allow=admins)(check.checked)
router.action(ids.HELP, allow=everyone)(show_guide)
