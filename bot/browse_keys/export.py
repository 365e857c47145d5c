"""Export keys from Slack: a file in a direct message to the admin."""

from __future__ import annotations

from bot.browse_keys import export_view
from bot.framework.context import Context
from bot.framework.interaction import Interaction
from bot.slack_api.client import Attached
from bot.slack_api.errors import MissingScope, SlackError
from bot.ui import replies
from bot.ui.blocks import Message
from keys.operations import Export
from keys.transfer import export_keys
from keys.transfer.formats import Form


def export(interaction: Interaction, form: str) -> None:
    """Send a file with everything about the keys except tokens and hashes.

    Args:
        form: `csv` or `json`; CSV if empty.
    """
    if form and form not in list(Form):
        interaction.say(
            replies.domain_error(
                "An export is csv or json. Type one of them; without it, you get csv."
            )
        )
        return
    interaction.say(export_view.on_its_way())
    context, person = interaction.context, interaction.person.user_id
    try:
        channel = context.slack.open_dm(person)
        context.slack.upload(
            channel, [_file(interaction, Form(form or Form.CSV))], export_view.COMMENT
        )
    except MissingScope:
        _say(context, person, export_view.not_granted("apikeys export"))
    except SlackError as error:
        _say(context, person, replies.domain_error(f"The export was not sent. {error}"))


def _file(interaction: Interaction, form: Form) -> Attached:
    context = interaction.context
    now = context.clock.now()
    interaction.execute(Export(form=form, revoked=True))
    with context.reading() as session:
        rows = export_keys.rows(session, now, revoked=True)
        content = "".join(export_keys.serialize(form, rows)).encode()
    day = context.policy.today(now)
    return Attached(f"api-keys-{day}.{form}", content, f"API keys, {day}")


def _say(context: Context, person: str, message: Message) -> None:
    context.slack.dm(person, message["text"], message["blocks"])
