"""What Slack reports: an event, which nobody waits for an answer to."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from slack_bolt import BoltContext

from bot.framework.context import IN_BOLT, Context
from bot.server import request_log
from bot.server.replay_protection import Events
from keys.changes.authorization import Caller, Permission, PermissionCheck

logger = logging.getLogger("bot")

# Slack, and not the person whom an event names: it tells of what has already happened.
SLACK = Caller.system("slack")


@dataclass(frozen=True, slots=True)
class SlackEvent:
    """An event as Slack delivered it, with its signature or socket already checked.

    Attributes:
        body: all that was delivered: the event, when it happened, and in which workspace.
        bolt: what Bolt found out about the request.
    """

    body: dict[str, Any]
    bolt: BoltContext

    @property
    def event(self) -> dict[str, Any]:
        """The event itself."""
        return cast(dict[str, Any], self.body["event"])

    @property
    def context(self) -> Context:
        """What the workspace's handlers share; there is none once the app was uninstalled."""
        return cast(Context, self.bolt[IN_BOLT])


EventHandler = Callable[[SlackEvent], None]


def event_listener(
    handler: EventHandler, *, allow: Permission, seen: Events
) -> Callable[[dict[str, Any], BoltContext], None]:
    """Make a listener for Bolt of a handler; an event that is delivered twice is handled once.

    Slack has its acknowledgement before this runs, so it delivers nothing again: what must not be
    missed is found in another way as well, such as by a daily job.

    Args:
        seen: the events that came before; all listeners share it.
    """

    def listen(body: dict[str, Any], context: BoltContext) -> None:
        if not seen.first(str(body.get("event_id") or "")):
            return
        with request_log.at_work(context, body) as trace:
            event = SlackEvent(body, context)
            try:
                allow.require(PermissionCheck(SLACK))
                handler(event)
            except Exception as error:
                trace.outcome = type(error).__name__
                logger.exception("the event %s was not handled", event.event.get("type"))

    return listen
