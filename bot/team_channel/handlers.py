"""Choose another channel for the team, and show in App Home that the present one is lost."""

from __future__ import annotations

from bot.framework.context import Context
from bot.framework.interaction import Interaction
from bot.framework.router import Router
from bot.slack_api.errors import ChannelProblem
from bot.team_channel import views
from bot.ui import ids
from bot.ui.blocks import Block
from bot.ui.payloads import ActionPayload
from keys.changes.authorization import admins
from keys.team_channel import channel
from keys.team_channel.operations import ChooseChannel
from storage import AccountSession

router = Router()


@router.action(ids.CHANNEL_CHOOSE, allow=admins)
def choose(interaction: Interaction) -> None:
    """Post to the team in this channel from now on, if the app can."""
    interaction.acknowledge()
    context = interaction.context
    chosen = str(interaction.action.get("selected_conversation") or "")
    try:
        found = context.slack.channel_id(chosen, context.clock.now())
    except ChannelProblem as problem:
        interaction.say(views.refused(str(problem)))
        return
    interaction.execute(ChooseChannel(channel=found, setting=context.channel))


def notice(
    session: AccountSession, context: Context, _user_id: str, _ref: ActionPayload
) -> list[Block]:
    """Render the notice for admins while the channel is lost."""
    state = channel.read(session)
    if state.lost_at is None:
        return []
    return views.notice(context.channel, state.fault, state.lost_at)
