"""Looking for tokens in messages, where the app may read them.

Slack delivers a message again only if it was not acknowledged, and Bolt acknowledges it before
this runs. So one operation does everything that must not get lost: the entry in the audit log, the
message to the team, and the revocation, if that is what the team has decided.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from bot.authorization.admins import DenialReason, Person
from bot.framework.context import Context
from bot.framework.router import Router
from bot.framework.slack_event import SlackEvent
from bot.leaks import views
from bot.slack_api.errors import SlackError
from keys.base.errors import StorageUnavailable
from keys.base.policy import Leaked
from keys.changes.authorization import Allowed, Caller, system
from keys.changes.operation import execute
from keys.leaks import detection
from keys.leaks.events import MessageLocation
from keys.leaks.operations import LeakedToken
from keys.operations import RecordLeaks

logger = logging.getLogger("bot")

# How many seconds to wait before trying again, where the database does not answer.
PAUSES = (1.0, 4.0, 15.0)
_READ = ("text", "blocks", "attachments")
_FINDER = Caller.system("leaks")


router = Router()


@router.event("message", allow=system)
def posted(report: SlackEvent) -> None:
    """Look for tokens in a message that was posted or edited; without one it costs one search."""
    context, event = report.context, report.event
    said = event.get("message") if event.get("subtype") == "message_changed" else event
    if not isinstance(said, dict) or not said.get("ts"):
        return
    tokens = detection.tokens_in(text for name in _READ for text in _texts(said.get(name)))
    if not tokens:
        return
    location = MessageLocation(str(event["channel"]), str(said["ts"]), str(said.get("user") or ""))
    found = _record(context, RecordLeaks(tokens=tuple(tokens), location=location))
    if found:
        _tell_poster(context, location, said, found)


def _texts(part: Any) -> Iterator[str]:
    """Every text in a part of a message, however deep: blocks, attachments, code."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict | list):
        for inner in part.values() if isinstance(part, dict) else part:
            yield from _texts(inner)


def _record(context: Context, operation: RecordLeaks) -> list[LeakedToken]:
    """Do it, again after each pause while the database does not answer."""
    for pause in PAUSES:
        try:
            return execute(context.services, _FINDER, operation, wait=0).value
        except StorageUnavailable:
            context.services.sleep(pause)
    return execute(context.services, _FINDER, operation, wait=0).value


def _tell_poster(
    context: Context, location: MessageLocation, said: dict[str, Any], found: list[LeakedToken]
) -> None:
    """Tell the person who posted it, and nobody else; only members are told of keys."""
    if not location.person:
        return
    where = said.get("user_team") or said.get("team") or ""
    answer = context.admins.check_membership(Person(location.person, str(where)))
    if isinstance(answer, Allowed):
        revoked = context.policy.leaked is Leaked.REVOKE
        reply = views.for_poster(works=any(one.worked for one in found), revoked=revoked)
    elif answer.why is DenialReason.BOT:
        return
    else:
        reply = views.for_outsider()
    thread = str(said.get("thread_ts") or "")
    try:
        context.slack.ephemeral(
            location.channel, location.person, reply["text"], reply["blocks"], thread=thread
        )
    except SlackError as error:
        # The team is told in any case, and that is what counts.
        logger.info("%s was not told of the token: %s", location.person, error.code)
