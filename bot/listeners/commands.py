"""What people type: `/apikeys` and its subcommands."""

from __future__ import annotations

from slack_bolt import App

from bot import auditing, checking, exporting, leaving, requesting, showing
from bot import commands as read
from bot.admins import Denied
from bot.blocks import answers, guide, ids
from bot.blocks.parts import context as small_print
from bot.context import COMMAND
from bot.turn import Turn, listener, refuse
from keys import finding
from keys.finding import Found
from storage import reading, tracing

_TOKEN_SEEN = (
    "You typed a whole token, and it was left out. Whoever saw it can use it: if others may have, "
    "revoke its key."
)


def register(app: App) -> None:
    """Registers the command."""
    app.command(COMMAND)(listener(command, anyone=True))


def command(turn: Turn) -> None:
    """Answers the command; the guide is for everybody, the rest for admins."""
    said = read.parse(turn.body.get("text"))
    tracing.note(what=type(said).__name__.lower())
    allowed = turn.context.admins.check(turn.person)
    if isinstance(said, read.Help):
        turn.say(guide.guide(COMMAND, turn.ref(), may_change=bool(allowed)))
    elif isinstance(said, read.Request):
        requesting.open_ask(turn, said.name)
    elif isinstance(allowed, Denied):
        refuse(turn, allowed)
    else:
        _carry_out(turn, said)
    if said.token_seen:
        turn.say({"text": _TOKEN_SEEN, "blocks": [small_print(_TOKEN_SEEN)]})


def _carry_out(turn: Turn, said: read.Command) -> None:
    match said:
        case read.New(name=name):
            showing.open_new(turn, name)
        case read.List():
            _list(turn, said)
        case read.Rename(rest=rest):
            _rename(turn, rest)
        case read.Revoke(rest=rest):
            _about(turn, rest, "revoke", ids.DO_REVOKE)
        case read.Check():
            checking.open_check(turn)
        case read.Audit(what=what):
            _audit(turn, what)
        case read.Export(form=form):
            exporting.asked(turn, form)
        case read.Offboard(people=people):
            leaving.asked(turn, people)
        case read.Edit(rest=rest):
            _about(turn, rest, "edit", ids.DO_EDIT)
        case read.Rotate(rest=rest):
            _about(turn, rest, "rotate", ids.DO_ROTATE)
        case read.Show(rest=rest):
            _about(turn, rest, "show", ids.DO_DETAILS)
        case read.Unknown(word=word, suggestion=suggestion, rest=rest):
            turn.say(answers.mistyped(COMMAND, word, suggestion, turn.ref(), rest))


def _audit(turn: Turn, what: str) -> None:
    ways = {
        "": auditing.status, "status": auditing.status, "start": auditing.start,
        "export": auditing.export,
    }  # fmt: skip
    if what in ways:
        ways[what](turn)
    else:
        turn.say(answers.told(f"Type {COMMAND} audit start, status or export."))


def _list(turn: Turn, said: read.List) -> None:
    if len(said.people) > 1:
        turn.say(answers.told("Name one owner at a time."))
        return
    owner = said.people[0] if said.people else ""
    turn.say(showing.keys(turn, turn.ref(query=said.words, do=owner)))


def _about(turn: Turn, typed: str, subcommand: str, what: str) -> None:
    if not typed:
        turn.say(answers.told(f"Which key? Type {COMMAND} {subcommand} and its name or id."))
        return
    found = showing.find(turn, typed)
    if isinstance(found, Found):
        showing.do(turn, turn.ref(do=what, key=found.key.id))
    else:
        turn.say(showing.unclear(typed, found, turn.ref(do=what)))


def _rename(turn: Turn, rest: str) -> None:
    if not rest:
        turn.say(answers.told(f"Which key? Type {COMMAND} rename and its name or id."))
        return
    with reading(turn.context.engine) as session:
        found = finding.find_leading(session, turn.context.account_id, rest)
    if isinstance(found, Found):
        # The key is one word here, so that the last way to read it leaves the new name alone.
        name = read.splits(f"key {found.rest}")[-1][1] if found.rest else ""
        showing.open_rename(turn, found.key, name)
    else:
        turn.say(showing.unclear(rest, found, turn.ref(do=ids.DO_RENAME)))
