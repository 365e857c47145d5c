"""Connecting the house to Slack: the bot over Socket Mode, and what has to follow its work."""

from __future__ import annotations

from dataclasses import dataclass

from slack_bolt.adapter.socket_mode import SocketModeHandler

from apikeys.house import House
from bot import redaction
from bot.admins import Admins, Workspace, read_policy
from bot.app import build
from bot.context import Context
from bot.following import Following
from bot.schedule import Schedule
from bot.slack import SlackClient, web_calls
from keys import accounts
from settings import SettingsError, SlackSettings
from storage import writing


@dataclass(frozen=True, slots=True)
class Bot:
    """The bot at work."""

    handler: SocketModeHandler
    schedule: Schedule

    @property
    def alive(self) -> bool:
        """The client connects anew by itself, so it lives until it is closed."""
        return True

    def stop(self) -> None:
        """Takes nothing new, and ends after what is under way."""
        self.handler.close()  # type: ignore[no-untyped-call]  # as Bolt has it
        self.schedule.stop()


def start_bot(house: House, settings: SlackSettings) -> Bot:
    """Connects to Slack and begins to answer.

    Raises:
        SettingsError: if a setting cannot be read.
        SlackError: if Slack does not accept the token, or cannot be reached.
    """
    redaction.install()
    token = settings.bot_token.get_secret_value()
    slack = SlackClient(web_calls(token, base_url=settings.api_url))
    me = slack.auth_test()
    team_id, enterprise_id = str(me["team_id"]), str(me.get("enterprise_id") or "")
    clock = house.clock
    with writing(house.engine) as session:
        workspace_id = enterprise_id or team_id
        account_id = accounts.connect(session, workspace_id, str(me["team"]), clock.now())
    try:
        policy = read_policy(settings.admins)
    except ValueError as error:
        raise SettingsError(str(error)) from error
    workspace = Workspace(team_id, enterprise_id)
    following = Following(house.engine, house.service, slack, account_id, settings.channel)
    schedule = Schedule(following)
    context = Context(
        engine=house.engine,
        service=house.service,
        slack=slack,
        admins=Admins(slack.quick(), policy, workspace, clock),
        account_id=account_id,
        channel=settings.channel,
        clock=clock,
        token_minutes=settings.token_minutes,
        api_url=settings.example_url,
        nudge=schedule.nudge,
    )
    app = build(
        context,
        token,
        bot_id=str(me["bot_id"]),
        bot_user_id=str(me["user_id"]),
        slack_url=settings.api_url,
    )
    handler = SocketModeHandler(app, settings.app_token.get_secret_value())
    schedule.start()
    handler.connect()  # type: ignore[no-untyped-call]  # as Bolt has it
    return Bot(handler, schedule)
