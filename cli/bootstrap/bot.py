"""Connecting the house to Slack: one workspace or many, by Socket Mode or signed HTTP, and what has
to follow the bot's work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler

from bot.app import build_for
from bot.authorization.admins import Admins, Workspace, read_policy
from bot.background.scheduler import Schedule, WorkspaceRoundRobin
from bot.background.worker import Worker
from bot.features import FEATURES
from bot.framework.context import Context
from bot.installation.encryption import TokenCipher
from bot.installation.installations import (
    Installation,
    Installations,
    InstallationTarget,
    OAuthInstallation,
)
from bot.installation.oauth import REDIRECT, Installing, States
from bot.installation.workspaces import ManyWorkspaces, OneWorkspace, WorkspaceBot, Workspaces
from bot.installation.workspaces import bot as bot_of
from bot.server.health import STUCK_SECONDS, Check, Socket
from bot.server.health import pages as health_pages
from bot.server.http_receiver import PATH, Pages, receiver
from bot.server.metrics import Metrics
from bot.slack_api.client import SlackClient, web_calls
from cli.bootstrap.application import Application
from cli.bootstrap.manifest import scopes
from keys.base import accounts
from keys.base.errors import InvalidSchedule
from keys.base.policy import AuditRules, DeliveryWay, Leaked, Policy, Unanswered
from keys.credentials.peppers import read_versions
from keys.jobs import cron
from runtime.http_server import Running, serve_in_thread
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
    """Socket Mode. Its client reconnects on its own, so it lives until it is closed."""

    handler: SocketModeHandler
    socket: Socket

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
    health: Running | None = None

    @property
    def alive(self) -> bool:
        """Whether Slack can still reach it."""
        return self.connection.alive

    def stop(self) -> None:
        """Takes nothing new, and ends after what is under way."""
        self.connection.stop()
        self.schedule.stop()
        if self.health is not None:
            self.health.stop()


def start_bot(house: Application, settings: SlackSettings) -> Bot:
    """Connects to Slack and begins to answer.

    Raises:
        SettingsError: if a setting cannot be read.
        ListenError: if the address is taken.
        SlackError: if Slack does not accept the token, or cannot be reached.
        PepperError: if the key for sealing tokens cannot be read.
    """
    opening = WorkspaceServicesFactory(house, settings)
    workspaces: Workspaces
    if settings.many:
        seal = TokenCipher(read_versions(settings.seal_key.get_secret_value(), "APIKEYS_SEAL_KEY"))
        installations = Installations(house.engine, seal, house.clock)
        installations.reencrypt()
        workspaces = ManyWorkspaces(installations, opening.installed)
        pages = _installing(house, settings, installations, seal).pages
    else:
        workspaces, pages = OneWorkspace(opening.only()), {}
    everywhere = WorkspaceRoundRobin(workspaces, opening.worker, house.clock)
    schedule = Schedule(everywhere)

    def wake(account_id: str) -> None:
        everywhere.prioritise(account_id)
        schedule.wake()

    opening.wake = wake
    app = build_for(
        workspaces,
        house.engine,
        house.clock,
        signing_secret=settings.signing_secret.get_secret_value(),
        slack_url=settings.api_url,
        metrics=opening.metrics,
    )
    connection, where = _connect(app, settings, pages)
    schedule.start()
    health = None
    if settings.bot_listen:
        health = _health(house, settings.bot_listen, connection, schedule, opening.metrics)
        where += f", and tells how it is at {health.url}/readyz"
    return Bot(connection, schedule, where, health)


def _health(
    house: Application, listen: str, connection: Connection, schedule: Schedule, metrics: Metrics
) -> Running:
    def rounds() -> str | None:
        age = schedule.round_age
        return f"No round has ended for {age:.0f} s." if age > STUCK_SECONDS else None

    metrics.watch(
        "round_age_seconds", "Since what is due was looked at.", lambda: schedule.round_age
    )
    checks: dict[str, Check] = {"database": house.check_connection, "rounds": rounds}
    if isinstance(connection, Sockets):
        socket = connection.socket
        checks["socket"] = socket.check
        metrics.watch("socket_connected", "1 while it is open.", lambda: float(socket.connected))
        metrics.watch(
            "socket_silent_seconds", "Since Slack's last sign of life.",
            lambda: socket.silent_seconds,
        )  # fmt: skip
        metrics.watch(
            "envelope_age_seconds", "Since Slack's last request.", lambda: socket.envelope_age
        )
    host, _, port = listen.rpartition(":")
    pages = health_pages(checks, metrics)
    return serve_in_thread(pages, host.strip("[]"), int(port), setting="APIKEYS_BOT_LISTEN")


class WorkspaceServicesFactory:
    """Makes the services of a workspace.

    Raises:
        SettingsError: if a setting cannot be read.
    """

    def __init__(self, house: Application, settings: SlackSettings) -> None:
        self._house = house
        self._settings = settings
        self._rules = team_policy(settings)
        try:
            self._admins = read_policy(settings.admins)
        except ValueError as error:
            raise SettingsError(str(error)) from error
        self.wake: Callable[[str], None] = lambda _: None
        self.metrics = Metrics()

    def only(self) -> WorkspaceBot:
        """The one workspace that the bot's token is for. Raises SlackError."""
        token = self._settings.bot_token.get_secret_value()
        slack = self._slack(token)
        me = slack.auth_test()
        where = who_is(me)
        with writing(self._house.engine) as session:
            now = self._house.clock.now()
            account_id = accounts.connect(session, where.id, str(me["team"]), now)
        context = self._context(slack, where, account_id)
        return WorkspaceBot(context, bot_of(token, str(me["bot_id"]), str(me["user_id"])))

    def installed(self, installation: Installation) -> Context:
        """The services of one of many."""
        where = installation.where
        return self._context(self._slack(installation.token), where, installation.account_id)

    def worker(self, context: Context) -> Worker:
        """What has to follow the work of a workspace."""
        patient = Admins(context.slack, self._admins, context.admins.workspace, context.clock)
        return Worker(context, FEATURES, patient.ids)

    def _slack(self, token: str) -> SlackClient:
        calls = web_calls(token, base_url=self._settings.api_url)
        return SlackClient(self.metrics.calling(calls))

    def _context(self, slack: SlackClient, where: InstallationTarget, account_id: str) -> Context:
        house, settings = self._house, self._settings
        workspace = Workspace(where.team_id, where.enterprise_id)
        return Context(
            services=house.services(account_id, self._rules, lambda: self.wake(account_id)),
            slack=slack,
            admins=Admins(slack.quick(), self._admins, workspace, house.clock),
            channel=settings.channel,
            token_minutes=settings.token_minutes,
            api_url=settings.example_url,
        )


def who_is(me: dict[str, object]) -> InstallationTarget:
    """For whom the app is installed, as `auth.test` tells."""
    org_wide = me.get("is_enterprise_install") is True
    # Of an organisation's token, Slack says the organisation's id in the place of the workspace's.
    return InstallationTarget(
        "" if org_wide else str(me["team_id"]), str(me.get("enterprise_id") or ""), org_wide
    )


def _installing(
    house: Application, settings: SlackSettings, installations: Installations, seal: TokenCipher
) -> Installing:
    def greet(installed: OAuthInstallation) -> None:
        slack = SlackClient(web_calls(installed.token, base_url=settings.api_url)).within(8.0)
        channel = settings.channel
        slack.dm(
            installed.installed_by,
            f"API keys is installed. Invite it in {channel}, where it tells what was done: "
            f"type `/invite` with my name there. Then type `/apikeys`.",
        )

    required_scopes, optional = scopes()
    return Installing(
        installations,
        States(house.engine, seal, house.clock),
        client_id=settings.client_id,
        client_secret=settings.client_secret.get_secret_value(),
        scopes=[*required_scopes, *optional],
        redirect_url=settings.public_url.rstrip("/") + REDIRECT,
        channel=settings.channel,
        slack_url=settings.api_url,
        authorize_url=settings.authorize_url,
        greet=greet,
    )


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
        return cron.check(text) if text.strip() else ""
    except InvalidSchedule as error:
        raise SettingsError(f"{setting}: {error}") from error


def _connect(app: App, settings: SlackSettings, pages: Pages) -> tuple[Connection, str]:
    if not settings.listen:
        handler = SocketModeHandler(app, settings.app_token.get_secret_value())
        socket = Socket(handler.client)
        handler.connect()  # type: ignore[no-untyped-call]  # as Bolt has it
        return Sockets(handler, socket), "is connected to Slack"
    host, _, port = settings.listen.rpartition(":")
    running = serve_in_thread(
        receiver(app, pages=pages), host.strip("[]"), int(port), setting="APIKEYS_SLACK_LISTEN"
    )
    return running, f"waits for Slack’s requests at {running.url}{PATH}"
