"""An event that Slack reports; no user waits for an answer."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from slack_bolt import BoltContext

from bot.framework.context import IN_BOLT, Context
from bot.server import request_log
from bot.server.replay_protection import Events
from keys.changes.authorization import Caller, Permission, PermissionCheck
from storage import urgent_until

logger = logging.getLogger("bot")

# The caller is Slack, not the user whom an event names: it reports what has already happened.
SLACK = Caller.system("slack")
# Bolt acknowledges an event before its listener runs.
_ACKNOWLEDGED = threading.Event()
_ACKNOWLEDGED.set()


@dataclass(frozen=True, slots=True)
class SlackEvent:
    """An event as Slack delivered it, with its signature or socket already checked.

    Attributes:
        body: the event, when it happened, and in which workspace.
        bolt: Bolt's context of the request.
    """

    body: dict[str, Any]
    bolt: BoltContext

    @property
    def event(self) -> dict[str, Any]:
        """The event itself."""
        return cast(dict[str, Any], self.body["event"])

    @property
    def context(self) -> Context:
        """The workspace's context; there is none after the app was uninstalled."""
        return cast(Context, self.bolt[IN_BOLT])


EventHandler = Callable[[SlackEvent], None]


def event_listener(
    handler: EventHandler, *, allow: Permission, seen: Events
) -> Callable[[dict[str, Any], BoltContext], None]:
    """Turn a handler into a listener for Bolt; an event that is delivered twice is handled once.

    Bolt acknowledges the event before this runs, so Slack does not deliver it again. What must not
    be missed is also found in another way, such as by a daily job.

    Args:
        seen: the earlier events, shared by all listeners.
    """

    def listen(body: dict[str, Any], context: BoltContext) -> None:
        if not seen.first(str(body.get("event_id") or "")):
            return
        with request_log.at_work(context, body) as trace, urgent_until(_ACKNOWLEDGED):
            event = SlackEvent(body, context)
            try:
                allow.require(PermissionCheck(SLACK))
                handler(event)
            except Exception as error:
                trace.outcome = type(error).__name__
                logger.exception("the event %s was not handled", event.event.get("type"))

    return listen
