"""Start the bot: for one workspace or many, over Socket Mode or signed HTTP."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler

from bot.app import build_for
from bot.background.scheduler import MakeSchedule, Schedule, WorkspaceRoundRobin
from bot.framework.context import Context
from bot.installation.encryption import TokenCipher
from bot.installation.installations import Installations, OAuthInstallation
from bot.installation.oauth import REDIRECT, InstallPages, States
from bot.installation.workspaces import ManyWorkspaces, OneWorkspace, Workspaces
from bot.integrity.jobs import tampered_rows
from bot.server import socket_mode
from bot.server.health import STUCK_SECONDS, Check
from bot.server.health import pages as health_pages
from bot.server.http_receiver import PATH, Pages, receiver
from bot.server.metrics import Metrics
from bot.server.slack_health import PARTS, SlackHealth, slack_code
from bot.slack_api.client import SlackClient
from bot.slack_api.errors import SlackError
from bot.slack_api.transport import web_calls
from bot.ui.command_name import choose_command_name
from cli.bootstrap.application import Application
from cli.bootstrap.manifest import scopes
from cli.bootstrap.workspaces import WorkspaceServicesFactory
from keys.credentials.peppers import read_versions
from keys.team_channel import channel
from runtime.http_server import Running, serve_in_thread
from settings import SlackSettings


class Connection(Protocol):
    """How Slack's requests reach the bot."""

    @property
    def alive(self) -> bool:
        """Whether requests can still arrive."""
        ...

    def stop(self) -> None:
        """Stop accepting requests, and return once those in progress are answered."""
        ...


@dataclass(frozen=True, slots=True)
class Bot:
    """The running bot.

    Attributes:
        address: how Slack reaches it, for the operator to read.
        slack_health: says what is wrong between it and Slack.
    """

    connection: Connection
    schedule: Schedule
    address: str
    slack_health: SlackHealth
    health: Running | None = None

    @property
    def alive(self) -> bool:
        """Whether Slack can still reach it."""
        return self.connection.alive

    def stop(self) -> None:
        """Stop accepting requests, and return once those in progress are answered."""
        self.connection.stop()
        self.schedule.stop()
        if self.health is not None:
            self.health.stop()


def start_bot(
    application: Application,
    settings: SlackSettings,
    on_fault: Callable[[SlackError], None] = lambda _: None,
    make_schedule: MakeSchedule = Schedule,
) -> Bot:
    """Connect to Slack and start answering.

    Args:
        on_fault: called when Slack no longer accepts the app's token.
        make_schedule: returns the thread that runs the background work.

    Raises:
        SettingsError: if a setting cannot be read.
        ListenError: if the address is taken.
        SlackError: if Slack does not accept the token, or cannot be reached.
        PepperError: if the key that encrypts tokens cannot be read.
    """
    choose_command_name(settings.command)
    factory = WorkspaceServicesFactory(application, settings)
    workspaces: Workspaces
    if settings.many:
        cipher = TokenCipher(
            read_versions(settings.seal_key.get_secret_value(), "APIKEYS_SEAL_KEY")
        )
        installations = Installations(application.engine, cipher, application.clock)
        installations.reencrypt()
        workspaces = ManyWorkspaces(installations, factory.for_installation)
        pages = _install_pages(application, settings, installations, cipher).pages
    else:
        workspaces, pages = OneWorkspace(factory.single_workspace()), {}
    round_robin = WorkspaceRoundRobin(workspaces, factory.worker, application.clock)
    schedule = make_schedule(round_robin)

    def wake(account_id: str) -> None:
        round_robin.prioritise(account_id)
        schedule.wake()

    factory.wake = wake
    app = build_for(
        workspaces,
        application.engine,
        application.clock,
        signing_secret=settings.signing_secret.get_secret_value(),
        slack_url=settings.api_url,
        metrics=factory.metrics,
    )
    connection, address = _connect(app, settings, pages, on_fault)
    schedule.start()
    slack_health = _slack_health(workspaces, connection)
    for part in PARTS:
        factory.metrics.watch(
            f"slack_{part}_ok", f"1 while nothing is wrong with the {part}.",
            partial(_is_well, slack_health, part),
        )  # fmt: skip
    health = None
    if settings.bot_listen:
        health = _health(
            application, settings.bot_listen, connection, schedule, factory.metrics, slack_health
        )
        address += f"; its health is at {health.url}/readyz"
    return Bot(connection, schedule, address, slack_health, health)


def _slack_health(workspaces: Workspaces, connection: Connection) -> SlackHealth:
    """Return what reports on all workspaces; what is wrong in one of many names it."""
    socket = connection.socket if isinstance(connection, socket_mode.Sockets) else None

    def of_each(problem: Callable[[Context], str]) -> str:
        bots = workspaces.all()
        found = {bot.context.account_id: problem(bot.context) for bot in bots}
        if len(found) == 1:
            return next(iter(found.values()))
        return ", ".join(f"{account}: {what}" for account, what in found.items() if what)

    def fault(context: Context) -> str:
        with context.reading() as session:
            return slack_code(channel.read(session).fault)

    return SlackHealth(
        connection=lambda: (socket.check() or "") if socket is not None else "",
        token=lambda: of_each(lambda context: context.token.ended),
        channel=lambda: of_each(fault),
        scopes=lambda: of_each(lambda context: ", ".join(sorted(context.token.missing_scopes))),
    )


def _is_well(health: SlackHealth, part: str) -> float:
    return float(not health.problem(part))


def _health(
    application: Application,
    listen: str,
    connection: Connection,
    schedule: Schedule,
    metrics: Metrics,
    slack_health: SlackHealth,
) -> Running:
    def rounds() -> str | None:
        age = schedule.round_age
        return f"No round has finished for {age:.0f} s." if age > STUCK_SECONDS else None

    metrics.watch("running", "1 while the bot runs.", lambda: 1.0)
    metrics.watch(
        "round_age_seconds", "Since what is due was looked at.", lambda: schedule.round_age
    )
    metrics.watch(
        "tampered_rows", "Rows and triggers that something else changed, at the last verification.",
        lambda: float(tampered_rows()),
    )  # fmt: skip
    checks: dict[str, Check] = {"database": application.check_writable, "rounds": rounds}
    if isinstance(connection, socket_mode.Sockets):
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
    pages = health_pages(checks, metrics, slack_health.report)
    return serve_in_thread(pages, host.strip("[]"), int(port), setting="APIKEYS_BOT_LISTEN")


def _install_pages(
    application: Application,
    settings: SlackSettings,
    installations: Installations,
    cipher: TokenCipher,
) -> InstallPages:
    def greet(installed: OAuthInstallation) -> None:
        slack = SlackClient(web_calls(installed.token, base_url=settings.api_url)).within(8.0)
        where = (
            # Under the token of an organisation no channel is found by its name.
            "Invite me to a channel for news of API keys, and choose it in my Home tab."
            if installed.target.org_wide
            else f"Invite me to {settings.channel}, where I post changes: type "
            "`/invite @API keys` there."
        )
        greeting = f"API keys is installed. {where} Then type `{settings.command}`."
        slack.dm(installed.installed_by, greeting)

    required_scopes, optional = scopes()
    return InstallPages(
        installations,
        States(application.engine, cipher, application.clock),
        client_id=settings.client_id,
        client_secret=settings.client_secret.get_secret_value(),
        scopes=[*required_scopes, *optional],
        redirect_url=settings.public_url.rstrip("/") + REDIRECT,
        channel=settings.channel,
        slack_url=settings.api_url,
        authorize_url=settings.authorize_url,
        greet=greet,
        may_install=[name for name in re.split(r",\s*", settings.may_install) if name],
    )


def _connect(
    app: App, settings: SlackSettings, pages: Pages, on_fault: Callable[[SlackError], None]
) -> tuple[Connection, str]:
    if not settings.listen:
        handler = SocketModeHandler(app, settings.app_token.get_secret_value())
        return socket_mode.connect(handler, on_fault), "is connected to Slack"
    host, _, port = settings.listen.rpartition(":")
    received = receiver(app, settings.signing_secret.get_secret_value(), pages=pages)
    running = serve_in_thread(received, host.strip("[]"), int(port), setting="APIKEYS_SLACK_LISTEN")
    return running, f"receives Slack’s requests at {running.url}{PATH}"
