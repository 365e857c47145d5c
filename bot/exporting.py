"""Exporting from Slack: a file in the direct messages of the admin who asked."""

from __future__ import annotations

from bot.blocks import answers
from bot.blocks import export as blocks
from bot.blocks.parts import Message
from bot.context import Context
from bot.slack import Attached
from bot.slack_errors import MissingScope, SlackError
from bot.turn import Turn
from keys import exporting
from keys.exporting import Form
from storage import reading, writing


def asked(turn: Turn, form: str) -> None:
    """Sends everything about the keys but what opens anything.

    Args:
        form: `csv` or `json`; CSV if empty.
    """
    if form and form not in list(Form):
        turn.say(answers.told("An export is csv or json. Type one of them, or nothing for csv."))
        return
    turn.say(blocks.on_its_way())
    context, person = turn.context, turn.person.user_id
    try:
        channel = context.slack.open_dm(person)
        context.slack.upload(channel, [_file(turn, Form(form or Form.CSV))], blocks.COMMENT)
    except MissingScope:
        _say(context, person, blocks.not_granted("apikeys export"))
    except SlackError as error:
        _say(context, person, answers.told(f"The export was not sent. {error}"))


def _file(turn: Turn, form: Form) -> Attached:
    context, account = turn.context, turn.context.account_id
    now = context.clock.now()
    with writing(context.engine) as session:
        exporting.note(session, context.clock, account, turn.actor, form, revoked=True)
    with reading(context.engine) as session:
        rows = exporting.rows(session, account, now, revoked=True)
        content = "".join(exporting.written(form, rows)).encode()
    day = context.policy.today(now)
    return Attached(f"api-keys-{day}.{form}", content, f"API keys, {day}")


def _say(context: Context, person: str, message: Message) -> None:
    context.slack.dm(person, message["text"], message["blocks"])
