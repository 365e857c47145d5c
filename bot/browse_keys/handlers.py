"""Handle the buttons of the list of keys and of the help."""

from __future__ import annotations

from bot.browse_keys import check, export, help_view, member_view, pages
from bot.framework.interaction import Handler, Interaction
from bot.framework.router import Router
from bot.ui import ids
from bot.ui.command_name import command_name
from keys.changes.authorization import Denied, admins, everyone, members
from keys.lifecycle.ownership import key_owner, owner_check


def show_guide(interaction: Interaction) -> None:
    """Show the guide: an admin's, a member's, or why the user is neither."""
    reader, decision = pages.reader_of(interaction), interaction.decide(members)
    if reader.owner is None:
        interaction.say(help_view.help_message(command_name(), interaction.ref()))
    elif isinstance(decision, Denied):
        interaction.say(member_view.for_others(decision.reason))
    else:
        interaction.say(member_view.help_message(command_name(), interaction.ref(), reader))


def check_typed(interaction: Interaction) -> None:
    """Open the modal for a token, or say that owners do not check tokens here."""
    if interaction.decide(admins | owner_check):
        check.open_check(interaction)
    else:
        interaction.say(member_view.no_check(interaction.ref()))


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


@router.choice(ids.DO_DETAILS, allow=admins | key_owner)
def show_details(interaction: Interaction) -> None:
    """Show everything about one key."""
    message = pages.details(interaction, interaction.payload.key)
    interaction.say(message, title=interaction.key.name)


# Admins see all keys, other members the keys that they own (`pages.reader_of`).
_for_members: dict[str, Handler] = {
    ids.LIST: lambda interaction: interaction.say(pages.keys(interaction, interaction.ref())),
    ids.SEARCH: search,
    ids.SHOW_ALL: lambda interaction: interaction.say(
        pages.keys(interaction, interaction.ref()), replace=True
    ),
    ids.PREVIOUS_PAGE: lambda interaction: _turn_page(interaction, backwards=True),
    ids.NEXT_PAGE: lambda interaction: _turn_page(interaction, backwards=False),
    ids.KEY_MENU: _choose,
    ids.KEY_CHOICE: _choose,
}
for _id, _handler in _for_members.items():
    router.action(_id, allow=members)(_handler)
router.action(ids.CHECK, allow=admins | owner_check)(check.open_check)
router.view(ids.CHECK_MODAL, allow=admins | owner_check)(check.checked)
router.action(ids.EXPORT, allow=admins)(lambda interaction: export.export(interaction, ""))
router.action(ids.HELP, allow=everyone)(show_guide)
