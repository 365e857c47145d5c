"""The slash command `/apikeys` and its subcommands."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from bot import command_parser
from bot.access_requests import handlers as access_requests
from bot.browse_keys import export, pages
from bot.browse_keys import handlers as browse_keys
from bot.framework.interaction import Interaction
from bot.framework.router import Router, permitted
from bot.manage_keys import create, rename
from bot.offboarding import handlers as offboarding
from bot.reviews import evidence_files
from bot.reviews import handlers as reviews
from bot.ui import ids, replies
from bot.ui.blocks import context as small_print
from bot.ui.blocks import message
from bot.ui.command_name import command_name
from keys.changes.authorization import Permission, admins, everyone, members
from keys.lifecycle.ownership import owner_rotate
from keys.search import search
from keys.search.search import Found
from runtime import tracing

_TOKEN_SEEN = (
    "You typed a whole token, so it was removed. Anyone who saw it can use it: if others may have "
    "seen it, revoke its key."
)


# Who may use which subcommand, by the class that it is parsed to; there is no default.
ALLOW: Mapping[type, Permission] = {
    command_parser.Help: everyone,
    command_parser.Request: members,
    # Members who are not admins are offered what they can do instead.
    command_parser.New: members,
    command_parser.List: members,
    command_parser.Rename: admins,
    command_parser.Revoke: admins,
    command_parser.Check: members,
    command_parser.Audit: admins,
    command_parser.Export: admins,
    command_parser.Offboard: admins,
    command_parser.Edit: admins,
    command_parser.Rotate: admins | owner_rotate,
    command_parser.Show: members,
    command_parser.Unknown: members,
}


logger = logging.getLogger("bot")
router = Router()


# Each subcommand has a rule of its own.
@router.command(allow=everyone)
def command(interaction: Interaction) -> None:
    """Run the subcommand, if the user may."""
    if interaction.body["command"] != command_name():
        logger.warning(
            "Slack has the command %.40s, and APIKEYS_COMMAND is %s: all texts name the latter",
            interaction.body["command"],
            command_name(),
        )
    parsed = command_parser.parse(interaction.body.get("text"))
    tracing.annotate(what=type(parsed).__name__.lower())
    if permitted(interaction, ALLOW[type(parsed)]):
        _run(interaction, parsed)
    if parsed.token_seen:
        interaction.say(message(small_print(_TOKEN_SEEN)))


def _run(interaction: Interaction, parsed: command_parser.Command) -> None:
    match parsed:
        case command_parser.Help():
            browse_keys.show_guide(interaction)
        case command_parser.Request(name=name):
            access_requests.open_ask(interaction, name)
        case command_parser.New(name=name):
            if interaction.decide(admins):
                create.open_new(interaction, name)
            else:
                access_requests.suggest_request(interaction, name)
        case command_parser.List():
            _list(interaction, parsed)
        case command_parser.Rename(rest=rest):
            _rename(interaction, rest)
        case command_parser.Revoke(rest=rest):
            _choose(interaction, rest, "revoke", ids.DO_REVOKE)
        case command_parser.Check():
            browse_keys.check_typed(interaction)
        case command_parser.Audit(what=what):
            _audit(interaction, what)
        case command_parser.Export(form=form):
            export.export(interaction, form)
        case command_parser.Offboard(people=people):
            offboarding.start(interaction, people)
        case command_parser.Edit(rest=rest):
            _choose(interaction, rest, "edit", ids.DO_EDIT)
        case command_parser.Rotate(rest=rest):
            _choose(interaction, rest, "rotate", ids.DO_ROTATE)
        case command_parser.Show(rest=rest):
            _choose(interaction, rest, "show", ids.DO_DETAILS)
        case command_parser.Unknown(word=word, suggestion=suggestion, rest=rest):
            interaction.say(
                replies.unknown_command(command_name(), word, suggestion, interaction.ref(), rest)
            )


def _audit(interaction: Interaction, what: str) -> None:
    handlers = {
        "": reviews.status, "status": reviews.status, "start": reviews.start,
        "export": evidence_files.export,
    }  # fmt: skip
    if what in handlers:
        handlers[what](interaction)
    else:
        _advise(interaction, f"Type {command_name()} audit start, status or export.")


def _list(interaction: Interaction, parsed: command_parser.List) -> None:
    if len(parsed.people) > 1:
        _advise(interaction, "Name one owner at a time.")
        return
    owner = parsed.people[0] if parsed.people else ""
    interaction.say(pages.keys(interaction, interaction.ref(query=parsed.words, do=owner)))


def _choose(interaction: Interaction, typed: str, subcommand: str, what: str) -> None:
    if not typed:
        _advise(interaction, f"Which key? Type {command_name()} {subcommand} and its name or id.")
        return
    found = pages.find(interaction, typed)
    if isinstance(found, Found):
        interaction.choose(what, interaction.ref(do=what, key=found.key.id))
    else:
        interaction.say(
            pages.ambiguous_or_unknown(interaction, typed, found, interaction.ref(do=what))
        )


def _advise(interaction: Interaction, sentences: str) -> None:
    interaction.say(replies.domain_error(sentences))


def _rename(interaction: Interaction, rest: str) -> None:
    if not rest:
        _advise(interaction, f"Which key? Type {command_name()} rename and its name or id.")
        return
    with interaction.context.reading() as session:
        found = search.find_leading(session, rest)
    if isinstance(found, Found):
        # The key is one word here, so the last way to split leaves only the new name.
        name = command_parser.splits(f"key {found.rest}")[-1][1] if found.rest else ""
        rename.open_rename(interaction, found.key, name)
    else:
        ref = interaction.ref(do=ids.DO_RENAME)
        interaction.say(pages.ambiguous_or_unknown(interaction, rest, found, ref))
