"""Builds the Bolt app from plain values and services; nothing happens on import."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from slack_bolt import App, BoltContext, BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from sqlalchemy import Engine

from bot import events, slash_command
from bot.features import ROUTERS
from bot.framework.context import IN_BOLT, Context
from bot.framework.router import mount
from bot.installation.installations import InstallationTarget
from bot.installation.workspaces import OneWorkspace, WorkspaceBot, Workspaces, bot
from bot.server import replay_protection, request_log
from bot.server.metrics import Metrics
from runtime.clock import Clock

# Each waits for Slack while a token is delivered, so there are more than Bolt's five.
THREADS = 32
# With these in the environment Bolt switches OAuth on by itself and drops the bot's token.
_READ_BY_BOLT = ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_BOT_TOKEN")
_NOT_INSTALLED = (
    "API keys is not installed in this workspace any more. Ask an admin to install it again."
)


def build(
    context: Context,
    bot_token: str,
    *,
    bot_id: str | None = None,
    bot_user_id: str | None = None,
    signing_secret: str = "",
    slack_url: str = WebClient.BASE_URL,
) -> App:
    """The app for one workspace, with all listeners. Calls nothing of Slack's.

    Args:
        bot_token: the bot's token.
        bot_id, bot_user_id: who the bot is, as `auth.test` tells.
        signing_secret, slack_url: as in `build_for`.
    """
    only = OneWorkspace(WorkspaceBot(context, bot(bot_token, bot_id, bot_user_id)))
    return build_for(
        only, context.engine, context.clock, signing_secret=signing_secret, slack_url=slack_url
    )


def build_for(
    workspaces: Workspaces,
    engine: Engine,
    clock: Clock,
    *,
    signing_secret: str = "",
    slack_url: str = WebClient.BASE_URL,
    metrics: Metrics | None = None,
) -> App:
    """The app for these workspaces, with all listeners. Calls nothing of Slack's.

    Args:
        signing_secret: needed where requests come over HTTP; Socket Mode has no signatures.
        slack_url: where the Web API is; Socket Mode asks there for its address.
        metrics: told of each request.
    """

    def authorize(
        context: BoltContext, enterprise_id: str | None, team_id: str | None
    ) -> AuthorizeResult | None:
        found = workspaces.of(
            InstallationTarget(
                team_id or "", enterprise_id or "", bool(context.is_enterprise_install)
            )
        )
        if found is None:
            return None
        context[IN_BOLT] = found.context
        return found.bot

    with _without_bolts_environment():
        app = _MeasuredApp(
            metrics or Metrics(),
            name="apikeys",
            signing_secret=signing_secret,
            client=WebClient(base_url=slack_url),
            authorize=authorize,
            token_verification_enabled=False,
            listener_executor=ThreadPoolExecutor(THREADS, thread_name_prefix="listener"),
            user_facing_authorize_error_message=_NOT_INSTALLED,
        )
    if signing_secret:
        app.middleware(replay_protection.refusing(engine, clock))
    mount(app, (*ROUTERS, slash_command.router, events.router(workspaces)))
    return app


class _MeasuredApp(App):
    """Bolt's app, with each acknowledgement measured, whichever way the request came."""

    def __init__(self, metrics: Metrics, **options: Any) -> None:
        self._metrics = metrics
        super().__init__(**options)

    def dispatch(self, req: BoltRequest) -> BoltResponse:
        started, status = time.perf_counter(), 500
        try:
            with request_log.begun(req):
                answer = super().dispatch(req)
            status = answer.status
            return answer
        finally:
            self._metrics.answered(req, status, time.perf_counter() - started)


@contextmanager
def _without_bolts_environment() -> Iterator[None]:
    hidden = {name: os.environ.pop(name) for name in _READ_BY_BOLT if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)
