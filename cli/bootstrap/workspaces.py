"""Build what a workspace's bot needs: its client, admins, policy and worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.authorization.admins import Admins, Workspace, read_policy
from bot.background.worker import Worker
from bot.features import FEATURES, HOME_NOTICES, MEMBER_NOTICES
from bot.framework.context import Context
from bot.installation.installations import Installation, InstallationTarget
from bot.installation.workspaces import WorkspaceBot
from bot.installation.workspaces import bot as bot_of
from bot.server.metrics import Metrics
from bot.slack_api.client import SlackClient
from bot.slack_api.token_watch import TokenWatch
from bot.slack_api.transport import GRANTED_SCOPES, web_calls
from cli.bootstrap.application import Application
from cli.bootstrap.manifest import scopes
from cli.bootstrap.policy import expiry_policy
from keys.base import accounts
from keys.base.errors import InvalidSchedule
from keys.base.policy import AuditRules, DeliveryWay, Leaked, Policy, Unanswered
from keys.jobs import cron
from settings import SettingsError, SlackSettings
from storage import writing


class WorkspaceServicesFactory:
    """Make the services of each workspace.

    Raises:
        SettingsError: if a setting cannot be read.
    """

    def __init__(self, application: Application, settings: SlackSettings) -> None:
        self._application = application
        self._settings = settings
        self._policy = team_policy(settings)
        try:
            self._admin_policy = read_policy(settings.admins)
        except ValueError as error:
            raise SettingsError(str(error)) from error
        self.wake: Callable[[str], None] = lambda _: None
        self.metrics = Metrics()

    def single_workspace(self) -> WorkspaceBot:
        """Return the bot of the one workspace that the token is for. Raises SlackError."""
        token = self._settings.bot_token.get_secret_value()
        watch = TokenWatch()
        slack = self._slack(token, watch)
        auth = slack.auth_test()
        granted = set(str(auth.get(GRANTED_SCOPES) or "").split(","))
        if granted != {""}:
            watch.missing_scopes = frozenset(scopes()[0]) - granted
        target = target_from_auth_test(auth)
        with writing(self._application.engine) as session:
            now = self._application.clock.now()
            account_id = accounts.connect(session, target.id, str(auth["team"]), now)
        context = self._context(slack, target, account_id, watch)
        return WorkspaceBot(context, bot_of(token, str(auth["bot_id"]), str(auth["user_id"])))

    def for_installation(self, installation: Installation) -> Context:
        """Return the services of one installation."""
        watch = TokenWatch()
        slack = self._slack(installation.token, watch)
        return self._context(slack, installation.target, installation.account_id, watch)

    def worker(self, context: Context) -> Worker:
        """Return the worker that does a workspace's background work."""
        # Unlike `context.admins`, this one may take its time: no acknowledgement waits for it.
        background_admins = Admins(
            context.slack, self._admin_policy, context.admins.workspace, context.clock
        )
        worker = Worker(context, FEATURES, background_admins.ids)
        worker.find_channel()
        return worker

    def _slack(self, token: str, watch: TokenWatch) -> SlackClient:
        transport = web_calls(token, base_url=self._settings.api_url)
        return SlackClient(watch.watch(self.metrics.instrument(transport)))

    def _context(
        self, slack: SlackClient, target: InstallationTarget, account_id: str, watch: TokenWatch
    ) -> Context:
        application, settings = self._application, self._settings
        slack.org_wide = target.org_wide
        workspace = Workspace(target.team_id, target.enterprise_id)
        return Context(
            services=application.services(account_id, self._policy, lambda: self.wake(account_id)),
            slack=slack,
            admins=Admins(slack.quick(), self._admin_policy, workspace, application.clock),
            channel=settings.channel,
            token_minutes=settings.token_minutes,
            api_url=settings.example_url,
            token=watch,
            home_notices=HOME_NOTICES,
            member_notices=MEMBER_NOTICES,
        )


def target_from_auth_test(auth: dict[str, object]) -> InstallationTarget:
    """Read from the answer of `auth.test` where the app is installed."""
    org_wide = auth.get("is_enterprise_install") is True
    # For an organisation's token, `team_id` is the id of the organisation.
    return InstallationTarget(
        "" if org_wide else str(auth["team_id"]), str(auth.get("enterprise_id") or ""), org_wide
    )


def team_policy(settings: SlackSettings) -> Policy:
    """Return the team's policy.

    Raises:
        SettingsError: if a schedule cannot be read.
    """
    return replace(
        expiry_policy(settings),
        delivery=DeliveryWay(settings.delivery),
        leaked=Leaked(settings.leaked),
        owner_check=settings.owner_check,
        owner_rotate=settings.owner_rotate,
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
