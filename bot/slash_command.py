"""What people type: `/apikeys` and its subcommands."""

from __future__ import annotations

from slack_bolt import App

from bot import command_parser
from bot.access_requests import handlers as requesting
from bot.authorization.admins import Denied
from bot.browse_keys import check, export, help_view, pages
from bot.framework.context import COMMAND
from bot.framework.interaction import Turn, listener, refuse
from bot.offboarding import handlers as leaving
from bot.reviews import handlers as auditing
from bot.ui import ids, replies
from bot.ui.blocks import context as small_print
from keys.search import search
from keys.search.search import Found
from runtime import tracing

_TOKEN_SEEN = (
    "You typed a whole token, and it was left out. Whoever saw it can use it: if others may have, "
    "revoke its key."
)


def register(app: App) -> None:
    """Registers the command."""
    app.command(COMMAND)(listener(command, anyone=True))


def command(turn: Turn) -> None:
    """Answers the command; the guide is for everybody, the rest for admins."""
    said = command_parser.parse(turn.body.get("text"))
    tracing.note(what=type(said).__name__.lower())
    allowed = turn.context.admins.check(turn.person)
    if isinstance(said, command_parser.Help):
        turn.say(help_view.guide(COMMAND, turn.ref(), may_change=bool(allowed)))
    elif isinstance(said, command_parser.Request):
        requesting.open_ask(turn, said.name)
    elif isinstance(allowed, Denied):
        refuse(turn, allowed)
    else:
        _carry_out(turn, said)
    if said.token_seen:
        turn.say({"text": _TOKEN_SEEN, "blocks": [small_print(_TOKEN_SEEN)]})


def _carry_out(turn: Turn, said: command_parser.Command) -> None:
    match said:
        case command_parser.New(name=name):
            pages.open_new(turn, name)
        case command_parser.List():
            _list(turn, said)
        case command_parser.Rename(rest=rest):
            _rename(turn, rest)
        case command_parser.Revoke(rest=rest):
            _about(turn, rest, "revoke", ids.DO_REVOKE)
        case command_parser.Check():
            check.open_check(turn)
        case command_parser.Audit(what=what):
            _audit(turn, what)
        case command_parser.Export(form=form):
            export.asked(turn, form)
        case command_parser.Offboard(people=people):
            leaving.asked(turn, people)
        case command_parser.Edit(rest=rest):
            _about(turn, rest, "edit", ids.DO_EDIT)
        case command_parser.Rotate(rest=rest):
            _about(turn, rest, "rotate", ids.DO_ROTATE)
        case command_parser.Show(rest=rest):
            _about(turn, rest, "show", ids.DO_DETAILS)
        case command_parser.Unknown(word=word, suggestion=suggestion, rest=rest):
            turn.say(replies.mistyped(COMMAND, word, suggestion, turn.ref(), rest))


def _audit(turn: Turn, what: str) -> None:
    ways = {
        "": auditing.status, "status": auditing.status, "start": auditing.start,
        "export": auditing.export,
    }  # fmt: skip
    if what in ways:
        ways[what](turn)
    else:
        turn.say(replies.told(f"Type {COMMAND} audit start, status or export."))


def _list(turn: Turn, said: command_parser.List) -> None:
    if len(said.people) > 1:
        turn.say(replies.told("Name one owner at a time."))
        return
    owner = said.people[0] if said.people else ""
    turn.say(pages.keys(turn, turn.ref(query=said.words, do=owner)))


def _about(turn: Turn, typed: str, subcommand: str, what: str) -> None:
    if not typed:
        turn.say(replies.told(f"Which key? Type {COMMAND} {subcommand} and its name or id."))
        return
    found = pages.find(turn, typed)
    if isinstance(found, Found):
        pages.do(turn, turn.ref(do=what, key=found.key.id))
    else:
        turn.say(pages.unclear(typed, found, turn.ref(do=what)))


def _rename(turn: Turn, rest: str) -> None:
    if not rest:
        turn.say(replies.told(f"Which key? Type {COMMAND} rename and its name or id."))
        return
    with turn.context.reading() as session:
        found = search.find_leading(session, rest)
    if isinstance(found, Found):
        # The key is one word here, so that the last way to read it leaves the new name alone.
        name = command_parser.splits(f"key {found.rest}")[-1][1] if found.rest else ""
        pages.open_rename(turn, found.key, name)
    else:
        turn.say(pages.unclear(rest, found, turn.ref(do=ids.DO_RENAME)))
