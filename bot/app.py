"""Builds the Bolt app from plain values and services; nothing happens on import."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from slack_bolt import App
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient

from bot import listeners, replays
from bot.context import Context

# Each waits for Slack while a token is delivered, so there are more than Bolt's five.
THREADS = 32
# With these in the environment Bolt switches OAuth on by itself and drops the bot's token.
_READ_BY_BOLT = ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_BOT_TOKEN")


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
        signing_secret: needed where requests come over HTTP; Socket Mode has no signatures.
        slack_url: where the Web API is; Socket Mode asks there for its address.
    """
    who = AuthorizeResult(
        enterprise_id=None,
        team_id=None,
        bot_token=bot_token,
        bot_id=bot_id,
        bot_user_id=bot_user_id,
    )

    def authorize() -> AuthorizeResult:
        return who

    with _without_bolts_environment():
        app = App(
            name="apikeys",
            signing_secret=signing_secret,
            client=WebClient(base_url=slack_url),
            authorize=authorize,
            token_verification_enabled=False,
            listener_executor=ThreadPoolExecutor(THREADS, thread_name_prefix="listener"),
        )
    if signing_secret:
        app.middleware(replays.refusing(context.engine, context.clock))
    listeners.register(app, context)
    return app


@contextmanager
def _without_bolts_environment() -> Iterator[None]:
    hidden = {name: os.environ.pop(name) for name in _READ_BY_BOLT if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)
