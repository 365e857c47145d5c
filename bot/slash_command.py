"""What people type: `/apikeys` and its subcommands."""

from __future__ import annotations

from collections.abc import Mapping

from bot import command_parser
from bot.access_requests import handlers as requesting
from bot.browse_keys import check, export, pages
from bot.browse_keys import handlers as browsing
from bot.framework.context import COMMAND
from bot.framework.interaction import Interaction
from bot.framework.router import Router, permitted
from bot.manage_keys import create, rename
from bot.offboarding import handlers as leaving
from bot.reviews import evidence_files
from bot.reviews import handlers as auditing
from bot.ui import ids, replies
from bot.ui.blocks import context as small_print
from keys.changes.authorization import Permission, admins, everyone, members
from keys.search import search
from keys.search.search import Found
from runtime import tracing

_TOKEN_SEEN = (
    "You typed a whole token, and it was left out. Anyone who saw it can use it: if others may "
    "have, revoke its key."
)


# Who may use which subcommand, by the class that it is read as; there is no default.
ALLOW: Mapping[type, Permission] = {
    command_parser.Help: everyone,
    command_parser.Request: members,
    command_parser.New: admins,
    command_parser.List: admins,
    command_parser.Rename: admins,
    command_parser.Revoke: admins,
    command_parser.Check: admins,
    command_parser.Audit: admins,
    command_parser.Export: admins,
    command_parser.Offboard: admins,
    command_parser.Edit: admins,
    command_parser.Rotate: admins,
    command_parser.Show: admins,
    command_parser.Unknown: admins,
}


router = Router()


# Each subcommand has a rule of its own.
@router.command(COMMAND, allow=everyone)
def command(interaction: Interaction) -> None:
    """Answer the command, for those who may use its subcommand."""
    said = command_parser.parse(interaction.body.get("text"))
    tracing.annotate(what=type(said).__name__.lower())
    if permitted(interaction, ALLOW[type(said)]):
        _carry_out(interaction, said)
    if said.token_seen:
        interaction.say({"text": _TOKEN_SEEN, "blocks": [small_print(_TOKEN_SEEN)]})


def _carry_out(interaction: Interaction, said: command_parser.Command) -> None:
    match said:
        case command_parser.Help():
            browsing.show_guide(interaction)
        case command_parser.Request(name=name):
            requesting.open_ask(interaction, name)
        case command_parser.New(name=name):
            create.open_new(interaction, name)
        case command_parser.List():
            _list(interaction, said)
        case command_parser.Rename(rest=rest):
            _rename(interaction, rest)
        case command_parser.Revoke(rest=rest):
            _about(interaction, rest, "revoke", ids.DO_REVOKE)
        case command_parser.Check():
            check.open_check(interaction)
        case command_parser.Audit(what=what):
            _audit(interaction, what)
        case command_parser.Export(form=form):
            export.asked(interaction, form)
        case command_parser.Offboard(people=people):
            leaving.asked(interaction, people)
        case command_parser.Edit(rest=rest):
            _about(interaction, rest, "edit", ids.DO_EDIT)
        case command_parser.Rotate(rest=rest):
            _about(interaction, rest, "rotate", ids.DO_ROTATE)
        case command_parser.Show(rest=rest):
            _about(interaction, rest, "show", ids.DO_DETAILS)
        case command_parser.Unknown(word=word, suggestion=suggestion, rest=rest):
            interaction.say(
                replies.unknown_command(COMMAND, word, suggestion, interaction.ref(), rest)
            )


def _audit(interaction: Interaction, what: str) -> None:
    ways = {
        "": auditing.status, "status": auditing.status, "start": auditing.start,
        "export": evidence_files.export,
    }  # fmt: skip
    if what in ways:
        ways[what](interaction)
    else:
        interaction.say(replies.domain_error(f"Type {COMMAND} audit start, status or export."))


def _list(interaction: Interaction, said: command_parser.List) -> None:
    if len(said.people) > 1:
        interaction.say(replies.domain_error("Name one owner at a time."))
        return
    owner = said.people[0] if said.people else ""
    interaction.say(pages.keys(interaction, interaction.ref(query=said.words, do=owner)))


def _about(interaction: Interaction, typed: str, subcommand: str, what: str) -> None:
    if not typed:
        interaction.say(
            replies.domain_error(f"Which key? Type {COMMAND} {subcommand} and its name or id.")
        )
        return
    found = pages.find(interaction, typed)
    if isinstance(found, Found):
        interaction.choose(what, interaction.ref(do=what, key=found.key.id))
    else:
        interaction.say(pages.ambiguous_or_unknown(typed, found, interaction.ref(do=what)))


def _rename(interaction: Interaction, rest: str) -> None:
    if not rest:
        interaction.say(
            replies.domain_error(f"Which key? Type {COMMAND} rename and its name or id.")
        )
        return
    with interaction.context.reading() as session:
        found = search.find_leading(session, rest)
    if isinstance(found, Found):
        # The key is one word here, so that the last way to read it leaves the new name alone.
        name = command_parser.splits(f"key {found.rest}")[-1][1] if found.rest else ""
        rename.open_rename(interaction, found.key, name)
    else:
        interaction.say(pages.ambiguous_or_unknown(rest, found, interaction.ref(do=ids.DO_RENAME)))
