"""Check that Slack accepts the app: its tokens, scopes, channel and admins.

One message is scheduled in 60 days, to find out whether the app may post, and deleted at once.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.authorization.admins import Admins, Workspace, read_policy
from bot.background.channel_readers import MANY, readers
from bot.installation.oauth import INSTALL
from bot.slack_api.client import SlackClient
from bot.slack_api.transport import web_calls
from cli.bootstrap.manifest import scopes
from cli.bootstrap.workspaces import target_from_auth_test
from cli.doctor.findings import CheckStatus, Finding, Findings, compare_clocks
from cli.doctor.http_probe import ask
from runtime.clock import SystemClock
from settings import Settings, SlackSettings

_LATER = timedelta(days=60)
_TIMEOUT = 8


def check_slack(settings: SlackSettings) -> Findings:
    """Check the app's tokens, scopes, channel and admins."""
    if settings.many:
        yield Finding(
            CheckStatus.NOTE,
            "Many workspaces are served; their tokens are not checked.",
            f"They can install the app at {settings.public_url.rstrip('/')}{INSTALL}",
        )
        return
    client = WebClient(
        settings.bot_token.get_secret_value(), base_url=settings.api_url, timeout=_TIMEOUT
    )
    try:
        answer = client.auth_test()
    except SlackApiError as error:
        yield Finding(
            CheckStatus.BAD,
            f"Slack does not accept SLACK_BOT_TOKEN: {error.response['error']}.",
            "Install the app again, and copy the token from OAuth & Permissions.",
        )
        return
    except OSError as error:
        yield Finding(
            CheckStatus.BAD,
            f"Slack cannot be reached at {settings.api_url} ({type(error).__name__}).",
            "Check for a proxy or a firewall in between.",
        )
        return
    yield Finding(CheckStatus.FINE, f"The bot's token belongs to {answer['team']}.")
    yield from _scopes(answer.headers)
    if sent := answer.headers.get("Date") or answer.headers.get("date"):
        yield compare_clocks("Slack's", parsedate_to_datetime(str(sent)))
    yield from _app_token(settings)
    yield from _channel(client, settings.channel)
    yield from _admins(settings, answer)


def check_bot(settings: Settings, slack: SlackSettings) -> Findings:
    """Ask the bot that runs here what is wrong between it and Slack."""
    for listen in dict.fromkeys((slack.bot_listen, settings.gateway_listen)):
        if not listen:
            continue
        try:
            status, body = ask(f"http://{listen}/readyz/slack")
        except OSError:
            continue
        if status not in (200, 503):
            continue
        parts = {part: state for part, state in json.loads(body).items() if part != "status"}
        wrong = [f"{part}: {state}" for part, state in parts.items() if state != "ok"]
        if wrong:
            yield Finding(
                CheckStatus.BAD,
                f"The running bot reports {'; '.join(wrong)}.",
                "See docs/running.md, “Health”.",
            )
        else:
            yield Finding(CheckStatus.FINE, "The running bot reports nothing wrong with Slack.")
        return


def _scopes(headers: Any) -> Findings:
    found = {name.lower(): value for name, value in headers.items()}
    granted = {s.strip() for s in str(found.get("x-oauth-scopes", "")).split(",") if s.strip()}
    required_scopes, optional = scopes()
    if missing := sorted(set(required_scopes) - granted):
        yield Finding(
            CheckStatus.BAD,
            f"The app was not granted {', '.join(missing)}.",
            "Add it under OAuth & Permissions, and install the app again.",
        )
    else:
        yield Finding(CheckStatus.FINE, "The app was granted every scope that it needs.")
    if left := sorted(set(optional) - granted):
        yield Finding(
            CheckStatus.NOTE,
            f"Optional scopes that were not granted: {', '.join(left)}.",
            "See docs/scopes.md for what each is for.",
        )


def _app_token(settings: SlackSettings) -> Findings:
    if settings.listen:
        return
    client = WebClient(base_url=settings.api_url, timeout=_TIMEOUT)
    try:
        client.apps_connections_open(app_token=settings.app_token.get_secret_value())
    except SlackApiError as error:
        yield Finding(
            CheckStatus.BAD,
            f"Slack opens no socket for SLACK_APP_TOKEN: {error.response['error']}.",
            "Create one under Basic Information with the scope connections:write, and enable "
            "Socket Mode.",
        )
    else:
        yield Finding(CheckStatus.FINE, "Slack opens a socket for the app's token.")


def _channel(client: WebClient, channel: str) -> Findings:
    try:
        at = int((datetime.now(UTC) + _LATER).timestamp())
        made = client.chat_scheduleMessage(channel=channel, post_at=at, text="This was a test.")
        client.chat_deleteScheduledMessage(
            channel=str(made["channel"]), scheduled_message_id=str(made["scheduled_message_id"])
        )
    except SlackApiError as error:
        code = str(error.response["error"])
        remedies = {
            "not_in_channel": f"Invite it there: /invite @API keys in {channel}",
            "channel_not_found": "Check that the channel exists. For a private one, use its id and "
            "invite the app.",
            "is_archived": "Set APIKEYS_CHANNEL to another one.",
        }
        yield Finding(
            CheckStatus.BAD,
            f"The app cannot post in {channel}: {code}.",
            remedies.get(code, "Set APIKEYS_CHANNEL to a channel that the app is in."),
        )
    else:
        channel_id = str(made["channel"])
        yield Finding(CheckStatus.FINE, f"The app can post in {channel} ({channel_id}).")
        yield from _readers(client, channel, channel_id)


def _readers(client: WebClient, channel: str, channel_id: str) -> Findings:
    try:
        answer = client.conversations_info(channel=channel_id, include_num_members=True)
    except SlackApiError:
        # The scopes for it are optional, and named above.
        return
    external, members = readers(answer.get("channel") or {})
    if external or members >= MANY:
        who = "is shared with another organisation" if external else f"has {members:,} members"
        yield Finding(
            CheckStatus.NOTE,
            f"{channel} {who}.",
            "They see the names of keys, their owners, and who did what; never a token.",
        )


def _admins(settings: SlackSettings, auth: Any) -> Findings:
    slack = SlackClient(web_calls(settings.bot_token.get_secret_value(), settings.api_url))
    target = target_from_auth_test(auth.data)
    workspace = Workspace(target.team_id, target.enterprise_id)
    try:
        policy = read_policy(settings.admins)
    except ValueError as error:
        yield Finding(CheckStatus.BAD, str(error), "Correct APIKEYS_ADMINS.")
        return
    names = Admins(slack, policy, workspace, SystemClock()).names()
    if names:
        yield Finding(CheckStatus.FINE, f"The key admins include {', '.join(names)}.")
    else:
        yield Finding(
            CheckStatus.BAD,
            f"There are no key admins (APIKEYS_ADMINS is {settings.admins}).",
            "Set it to users or a user group; until then nothing can be done in Slack.",
        )
