"""What Slack reports: events, which nobody waits for an answer to."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from slack_bolt import App, BoltContext

from bot.framework.context import IN_BOLT, Context
from bot.home import handlers as home
from bot.installation.workspaces import Workspaces, happened_at, where
from bot.leaks import handlers as leaking
from bot.offboarding import membership_sync
from bot.server import request_log
from bot.server.replay_protection import Events

logger = logging.getLogger("bot")

Event = dict[str, Any]


def register(app: App, workspaces: Workspaces) -> None:
    """Registers everything that is listened to.

    Args:
        workspaces: told when the app is uninstalled, or its token taken away.
    """
    events: dict[str, Callable[[Context, Event], None]] = {
        "app_home_opened": home.opened,
        "message": leaking.posted,
        "user_change": membership_sync.user_changed,
    }
    before = Events()
    for kind, work in events.items():
        app.event(kind)(_listener(work, before))

    def uninstalled(body: dict[str, Any]) -> None:
        workspaces.ended(where(body), "app_uninstalled", happened_at(body))

    def tokens_revoked(event: Event, body: dict[str, Any]) -> None:
        for bot_user_id in (event.get("tokens") or {}).get("bot") or ():
            at = happened_at(body)
            workspaces.ended(where(body), "tokens_revoked", at, bot_user_id=str(bot_user_id))

    app.event("app_uninstalled")(uninstalled)
    app.event("tokens_revoked")(tokens_revoked)


def _listener(work: Callable[[Context, Event], None], before: Events) -> Callable[..., None]:
    """Makes a listener for Bolt.

    Slack has its acknowledgement before this runs, so it delivers nothing again: what must not be
    missed is found in another way as well, such as by a daily sweep.
    """

    def listen(event: Event, body: dict[str, Any], context: BoltContext) -> None:
        if not before.first(str(body.get("event_id") or "")):
            return
        with request_log.at_work(context, body) as trace:
            try:
                work(context[IN_BOLT], event)
            except Exception as error:
                trace.outcome = type(error).__name__
                logger.exception("the event %s was not handled", event.get("type"))

    return listen
