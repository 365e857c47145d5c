"""Connecting the house to Slack: by Socket Mode or signed HTTP, and what has to follow its work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler

from apikeys.house import House
from bot import auditing, home, leaving, redaction
from bot.admins import Admins, Workspace, read_policy
from bot.app import build
from bot.context import Context
from bot.following import Following
from bot.receiving import PATH, receiver
from bot.schedule import Schedule
from bot.slack import SlackClient, web_calls
from gateway.server import serve_in_thread
from keys import accounts, schedules
from keys.errors import ScheduleRefused
from keys.policy import AuditRules, DeliveryWay, Leaked, Policy, Unanswered
from settings import SettingsError, SlackSettings
from storage import writing


class Connection(Protocol):
    """The way on which Slack's requests come."""

    @property
    def alive(self) -> bool:
        """Whether requests can still come."""
        ...

    def stop(self) -> None:
        """Takes nothing new, and ends after what is under way."""
        ...


@dataclass(frozen=True, slots=True)
class Sockets:
    """Socket Mode. Its client connects anew by itself, so it lives until it is closed."""

    handler: SocketModeHandler

    @property
    def alive(self) -> bool:
        """See `Connection`."""
        return True

    def stop(self) -> None:
        """See `Connection`."""
        self.handler.close()  # type: ignore[no-untyped-call]  # as Bolt has it


@dataclass(frozen=True, slots=True)
class Bot:
    """The bot at work.

    Attributes:
        where: how Slack reaches it, for the operator to read.
    """

    connection: Connection
    schedule: Schedule
    where: str

    @property
    def alive(self) -> bool:
        """Whether Slack can still reach it."""
        return self.connection.alive

    def stop(self) -> None:
        """Takes nothing new, and ends after what is under way."""
        self.connection.stop()
        self.schedule.stop()


def start_bot(house: House, settings: SlackSettings) -> Bot:
    """Connects to Slack and begins to answer.

    Raises:
        SettingsError: if a setting cannot be read.
        ListenError: if the address is taken.
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
    admins, rules = Admins(slack.quick(), policy, workspace, clock), team_policy(settings)
    following = Following(
        house.engine,
        house.service,
        slack,
        account_id,
        settings.channel,
        audits=rules.audits,
        admins=Admins(slack, policy, workspace, clock).ids,
    )
    schedule = Schedule(following)
    context = Context(
        engine=house.engine,
        service=house.service,
        slack=slack,
        admins=admins,
        account_id=account_id,
        channel=settings.channel,
        clock=clock,
        token_minutes=settings.token_minutes,
        api_url=settings.example_url,
        policy=rules,
        nudge=schedule.nudge,
    )
    following.more.extend(
        (
            lambda: leaving.work(context),
            lambda: leaving.ask_about_people(context),
            *auditing.steps(context),
            lambda: home.follow(context),
        )
    )
    app = build(
        context,
        token,
        bot_id=str(me["bot_id"]),
        bot_user_id=str(me["user_id"]),
        signing_secret=settings.signing_secret.get_secret_value(),
        slack_url=settings.api_url,
    )
    connection, where = _connect(app, settings)
    schedule.start()
    return Bot(connection, schedule, where)


def team_policy(settings: SlackSettings) -> Policy:
    """What the team has decided, as the domain takes it.

    Raises:
        SettingsError: for a schedule that is none.
    """
    return Policy(
        delivery=DeliveryWay(settings.delivery),
        expiry_days=settings.expiry_days,
        expiry_max_days=settings.expiry_max_days,
        leaked=Leaked(settings.leaked),
        timezone=ZoneInfo(settings.timezone),
        audits=AuditRules(
            schedule=_schedule("APIKEYS_AUDIT_SCHEDULE", settings.audit_schedule),
            days=settings.audit_days,
            unanswered=Unanswered(settings.audit_unanswered),
            notice_days=settings.audit_notice_days,
            digest=_schedule("APIKEYS_DIGEST_SCHEDULE", settings.digest_schedule),
        ),
    )


def _schedule(setting: str, text: str) -> str:
    try:
        return schedules.check(text) if text.strip() else ""
    except ScheduleRefused as error:
        raise SettingsError(f"{setting}: {error}") from error


def _connect(app: App, settings: SlackSettings) -> tuple[Connection, str]:
    if not settings.listen:
        handler = SocketModeHandler(app, settings.app_token.get_secret_value())
        handler.connect()  # type: ignore[no-untyped-call]  # as Bolt has it
        return Sockets(handler), "is connected to Slack"
    host, _, port = settings.listen.rpartition(":")
    running = serve_in_thread(
        receiver(app), host.strip("[]"), int(port), setting="APIKEYS_SLACK_LISTEN"
    )
    return running, f"waits for Slack’s requests at {running.url}{PATH}"
