"""Build the Bolt app from plain values and services; nothing happens on import."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from slack_bolt import App, BoltContext, BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from sqlalchemy import Engine

from bot import slash_command
from bot.features import ROUTERS
from bot.framework.context import IN_BOLT, Context
from bot.framework.dispatch import Dispatcher, mount
from bot.installation import handlers as installation
from bot.installation.installations import InstallationTarget
from bot.installation.workspaces import OneWorkspace, WorkspaceBot, Workspaces, bot
from bot.server import replay_protection, request_log
from bot.server.metrics import Metrics
from bot.server.pools import ConcurrencyLimit, ListenerThreads, arrived
from bot.server.request_kinds import make_readable
from runtime.clock import Clock

# If these are in the environment, Bolt turns OAuth on and ignores the bot's token.
_READ_BY_BOLT = ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_BOT_TOKEN")
_NOT_INSTALLED = (
    "API keys is no longer installed in this workspace. Ask an admin to install it again."
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
    """Return the app for one workspace, with all listeners. Does not call Slack.

    Args:
        bot_id, bot_user_id: the bot's ids, as `auth.test` returns them.
        signing_secret, slack_url: as in `build_for`.
    """
    workspaces = OneWorkspace(WorkspaceBot(context, bot(bot_token, bot_id, bot_user_id)))
    return build_for(
        workspaces,
        context.engine,
        context.clock,
        signing_secret=signing_secret,
        slack_url=slack_url,
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
    """Return the app for these workspaces, with all listeners. Does not call Slack.

    Args:
        signing_secret: required for requests over HTTP; Socket Mode has no signatures.
        slack_url: the address of the Web API, which also gives Socket Mode its address.
        metrics: counts and times each request.
    """

    def authorize(
        context: BoltContext, enterprise_id: str | None, team_id: str | None
    ) -> AuthorizeResult | None:
        found = workspaces.find(
            InstallationTarget(
                team_id or "", enterprise_id or "", bool(context.is_enterprise_install)
            )
        )
        if found is None:
            return None
        context[IN_BOLT] = found.context
        return found.bot

    metrics, threads = metrics or Metrics(), ListenerThreads()
    routers = (*ROUTERS, slash_command.router, installation.router(workspaces))
    dispatcher = Dispatcher(routers, threads, metrics)
    with _hidden_from_bolt():
        app = _MeasuredApp(
            metrics,
            dispatcher,
            name="apikeys",
            signing_secret=signing_secret,
            client=WebClient(base_url=slack_url),
            authorize=authorize,
            token_verification_enabled=False,
            listener_executor=threads,
            user_facing_authorize_error_message=_NOT_INSTALLED,
        )
    if signing_secret:
        app.middleware(replay_protection.middleware(engine, clock))
    mount(app, dispatcher)
    return app


class _MeasuredApp(App):
    """Bolt's app, which measures each acknowledgement, over HTTP and Socket Mode alike."""

    def __init__(self, metrics: Metrics, dispatcher: Dispatcher, **options: Any) -> None:
        self._metrics = metrics
        self._dispatcher = dispatcher
        self._limit = ConcurrencyLimit()
        super().__init__(**options)

    def dispatch(self, req: BoltRequest) -> BoltResponse:
        started, status = arrived(), 500
        make_readable(req.body)
        try:
            with request_log.begun(req):
                response = self._dispatcher.refuse(req.body)
                if response is None:
                    with self._limit.admitted():
                        response = self._dispatcher.refuse(req.body) or super().dispatch(req)
            status = response.status
            return response
        finally:
            self._metrics.record_request(req, status, time.perf_counter() - started)


@contextmanager
def _hidden_from_bolt() -> Iterator[None]:
    hidden = {name: os.environ.pop(name) for name in _READ_BY_BOLT if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)
