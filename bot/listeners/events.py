"""What Slack reports: events, which nobody waits for an answer to."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from slack_bolt import App

from bot import home, leaking, leaving
from bot.context import Context
from bot.replays import Events

logger = logging.getLogger("bot")

Event = dict[str, Any]


def register(app: App, context: Context) -> None:
    """Registers everything that is listened to."""
    events: dict[str, Callable[[Context, Event], None]] = {
        "app_home_opened": home.opened,
        "message": leaking.posted,
        "user_change": leaving.changed,
    }
    before = Events()
    for kind, work in events.items():
        app.event(kind)(_listener(context, work, before))


def _listener(
    context: Context, work: Callable[[Context, Event], None], before: Events
) -> Callable[..., None]:
    """Makes a listener for Bolt.

    Slack has its acknowledgement before this runs, so it delivers nothing again: what must not be
    missed is found in another way as well, such as by a daily sweep.
    """

    def listen(event: Event, body: dict[str, Any]) -> None:
        if not before.first(str(body.get("event_id") or "")):
            return
        try:
            work(context, event)
        except Exception:
            logger.exception("the event %s was not dealt with", event.get("type"))

    return listen
