"""Install the app in a workspace, or a whole organisation, from a browser.

Bolt's `OAuthFlow` speaks OAuth (https://docs.slack.dev/authentication/installing-with-oauth); this
module stores its result and renders the pages. The person who starts an installation gets a cookie
with its state, so that no one else can finish it.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

from slack_bolt import BoltRequest, BoltResponse
from slack_bolt.oauth import OAuthFlow
from slack_bolt.oauth.callback_options import CallbackOptions, FailureArgs, SuccessArgs
from slack_bolt.oauth.oauth_settings import OAuthSettings
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError
from slack_sdk.oauth import InstallationStore, OAuthStateStore
from slack_sdk.oauth.installation_store import Installation as SlackInstallation
from sqlalchemy import Engine

from bot.installation.encryption import TokenCipher
from bot.installation.installations import Installations, InstallationTarget, OAuthInstallation
from bot.slack_api.errors import SlackError
from bot.ui.command_name import command_name
from keys.base.errors import StorageUnavailable
from keys.jobs import replay_guard
from runtime.clock import Clock
from runtime.display import visible
from storage import writing

logger = logging.getLogger("bot")

INSTALL, REDIRECT = "/slack/install", "/slack/oauth_redirect"
_STATE_LIFETIME = timedelta(minutes=10)  # less than keys.jobs.replay_guard remembers
# What to show for each reason that Slack or Bolt gives for a failed installation.
_FAILURES = {
    "access_denied": "It was cancelled. Nothing was installed.",
    "invalid_browser": "It was started in another browser, or too long ago. Please start again.",
    "invalid_state": "It was started too long ago, or is already finished. Please start again.",
    "missing_code": "Slack sent no code. Please start again.",
    "invalid_code": "Slack did not accept the code, which works only once. Please start again.",
    "storage_error": "It could not be saved. Please try again in a minute.",
}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>API keys</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 17px/1.5 system-ui, sans-serif; color: #1d1c1d; max-width: 32rem; margin: 18vh auto 0;
  padding: 0 1.5rem }}
h1 {{ font-size: 1.5rem; line-height: 1.25; margin: 0 0 .75rem }}
p {{ margin: 0 0 .75rem }}
code {{ background: #f4f4f4; border-radius: 4px; padding: .1em .35em }}
a {{ color: #1264a3 }}
@media (prefers-color-scheme: dark) {{
  body {{ background: #1a1d21; color: #d1d2d3 }}
  code {{ background: #2c2d30 }} a {{ color: #5db1f0 }}
}}
</style></head>
<body><h1>{title}</h1>{text}</body></html>
"""
_NOT_ALLOWED = (
    "The operator of this app has not allowed your workspace to install it. Ask them to add its id "
    "to <code>APIKEYS_MAY_INSTALL</code>, and start again."
)
ANYBODY = "anybody"
"""In place of ids: every workspace may install the app."""

# Called with an installation, once it is stored.
Greet = Callable[[OAuthInstallation], None]


class InstallPages:
    """The pages that install the app.

    Args:
        scopes: the scopes in the app's manifest.
        redirect_url: the public address of `REDIRECT`, as it is registered with Slack.
        slack_url: the Web API.
        authorize_url: the page on which people agree to the scopes.
        channel: where the bot posts changes, for the last page.
        greet: sends the first message in Slack. If it fails, that is logged.
        may_install: the ids of the workspaces and organisations that may install it, or
            `anybody`. Those that have it already may install it again.
    """

    def __init__(
        self,
        installations: Installations,
        states: OAuthStateStore,
        *,
        client_id: str,
        client_secret: str,
        scopes: Sequence[str],
        redirect_url: str,
        channel: str,
        slack_url: str = WebClient.BASE_URL,
        authorize_url: str = "https://slack.com/oauth/v2/authorize",
        greet: Greet,
        may_install: Collection[str] = (),
    ) -> None:
        self._channel = channel
        self._flow = OAuthFlow(
            client=WebClient(base_url=slack_url),
            logger=logger,
            settings=OAuthSettings(
                client_id=client_id,
                client_secret=client_secret,
                scopes=scopes,
                user_scopes=(),
                redirect_uri=redirect_url,
                install_path=INSTALL,
                redirect_uri_path=REDIRECT,
                install_page_rendering_enabled=False,
                authorization_url=authorize_url,
                installation_store=_Store(installations, greet, may_install, slack_url),
                installation_store_bot_only=True,
                state_store=states,
                state_expiration_seconds=int(_STATE_LIFETIME.total_seconds()),
                callback_options=CallbackOptions(success=self._succeeded, failure=self._failed),
            ),
        )

    @property
    def pages(self) -> Mapping[str, Callable[[BoltRequest], BoltResponse]]:
        """The handler of each page, by path."""
        return {INSTALL: self._flow.handle_installation, REDIRECT: self._finish}

    def _finish(self, request: BoltRequest) -> BoltResponse:
        try:
            return self._flow.handle_callback(request)
        except _MayNotInstall as error:
            logger.warning(
                "%s may not install the app; APIKEYS_MAY_INSTALL names those who may", error
            )
            return _page("Nothing was installed", _NOT_ALLOWED, 403)
        except StorageUnavailable as error:
            logger.error("an installation could not be stored: %s", error)  # noqa: TRY400
            return _page("Nothing was installed", _FAILURES["storage_error"], 503)
        except OSError as error:
            logger.error("an installation failed: %s", error)  # noqa: TRY400
            return _page("Nothing was installed", "Slack did not answer. Please start again.", 503)

    def _succeeded(self, args: SuccessArgs) -> BoltResponse:
        installation = args.installation
        name = (
            installation.enterprise_name
            if installation.is_enterprise_install
            else installation.team_name
        )
        # Under the token of an organisation no channel is found by its name.
        channel = (
            "a channel for news of API keys, and choose the channel in the app’s Home tab"
            if installation.is_enterprise_install
            else f"<code>{escape(self._channel)}</code>, where it posts changes"
        )
        return _page(
            f"API keys is installed in {name or 'your workspace'}",
            f"Two steps are left, both in Slack. Type <code>/invite @API keys</code> in {channel}. "
            f"Then type <code>{command_name()}</code>.",
        )

    def _failed(self, args: FailureArgs) -> BoltResponse:
        # The reason is part of the address, which anyone can call.
        logger.warning("an installation failed: %.100s", args.reason)
        text = _FAILURES.get(args.reason, "Slack gave no reason. Please start again.")
        again = f'<p><a href="{INSTALL}">Start again</a></p>'
        return _page("Nothing was installed", text, args.suggested_status_code, again)


class States(OAuthStateStore):
    """Signed OAuth states; each can be used once, within ten minutes, at any process of the bot.

    Issuing one stores nothing: anyone may request any number of them.
    """

    def __init__(self, engine: Engine, cipher: TokenCipher, clock: Clock) -> None:
        self._engine = engine
        self._cipher = cipher
        self._clock = clock

    def issue(self, *args: Any, **kwargs: Any) -> str:
        """Return a new state."""
        text = f"{int(self._clock.now().timestamp())}-{secrets.token_urlsafe(16)}"
        return f"{text}.{self._cipher.signature(text)}"

    def consume(self, state: str) -> bool:
        """Return whether a state is ours, still valid, and used for the first time."""
        text, _, signature = (state or "").rpartition(".")
        if not text or not self._cipher.verify(text, signature):
            return False
        issued = datetime.fromtimestamp(int(text.partition("-")[0]), UTC)
        now = self._clock.now()
        if not timedelta(0) <= now - issued <= _STATE_LIFETIME:
            return False
        with writing(self._engine) as session:
            return replay_guard.claim_once(session, f"state {text}"[:80], now)


class _Store(InstallationStore):
    """Store the installation that Bolt's flow hands over; nothing is read through it."""

    def __init__(
        self,
        installations: Installations,
        greet: Greet,
        may_install: Collection[str],
        slack_url: str,
    ) -> None:
        self._installations = installations
        self._greet = greet
        self._may_install = may_install
        self._slack_url = slack_url

    def save(self, installation: SlackInstallation) -> None:
        installed = OAuthInstallation(
            target=InstallationTarget(
                "" if installation.is_enterprise_install else installation.team_id or "",
                installation.enterprise_id or "",
                bool(installation.is_enterprise_install),
            ),
            name=str(installation.enterprise_name or "")
            if installation.is_enterprise_install
            else str(installation.team_name or ""),
            bot_id=installation.bot_id or "",
            bot_user_id=installation.bot_user_id or "",
            token=installation.bot_token or "",
            scopes=",".join(sorted(installation.bot_scopes or ())),
            installed_by=installation.user_id,
        )
        self._check(installed)
        self._installations.save(installed)
        logger.info(
            "the app was installed in %s by %s", installed.target.id, installed.installed_by
        )
        try:
            self._greet(installed)
        except SlackError as error:
            logger.warning(
                "the first message to %s was not sent: %s", installed.installed_by, error.code
            )

    def _check(self, installed: OAuthInstallation) -> None:
        target = installed.target
        named = {target.team_id, target.enterprise_id, ANYBODY} - {""}
        if not named.isdisjoint(self._may_install) or self._installations.was_installed(target):
            return
        try:
            # Slack has issued a token by now, of which nobody is to have any use.
            WebClient(installed.token, base_url=self._slack_url).auth_revoke()
        except (SlackClientError, OSError) as error:
            logger.warning("the token of %s was not revoked: %s", target.id, type(error).__name__)
        raise _MayNotInstall(target.id)


class _MayNotInstall(Exception):
    """The operator has not named this workspace or organisation."""


def _page(title: str, text: str, status: int = 200, more: str = "") -> BoltResponse:
    return BoltResponse(
        status=status,
        body=_PAGE.format(title=escape(visible(title)), text=f"<p>{text}</p>{more}"),
        headers={
            "Content-Type": "text/html; charset=utf-8",
            "Cache-Control": "no-store",
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
            "Referrer-Policy": "no-referrer",
        },
    )
