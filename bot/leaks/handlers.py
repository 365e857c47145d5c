"""Find tokens in messages of channels that the app may read.

Slack delivers an event again only if it was not acknowledged, and Bolt acknowledges it before this
runs. So one operation does everything that must not get lost: the entry in the audit log, the
message to the team, and the revocation, if that is the team's policy.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from bot.authorization.admins import DenialReason, Person
from bot.framework.context import Context
from bot.framework.interaction import Interaction
from bot.framework.router import Router
from bot.framework.slack_event import SlackEvent
from bot.leaks import views
from bot.slack_api.errors import SlackError
from bot.ui import ids, revocation
from keys.base.errors import StorageUnavailable
from keys.base.policy import Leaked
from keys.changes import live_messages
from keys.changes.authorization import Allowed, Caller, admins, everyone, system
from keys.changes.operation import execute
from keys.changes.outbox import TEAM
from keys.leaks import detection
from keys.leaks.events import MESSAGE_KIND, MessageLocation, about_leak, message_data
from keys.leaks.operations import LeakedToken
from keys.operations import RecordLeaks, Revoke

logger = logging.getLogger("bot")

# Seconds to wait before each retry while the database does not answer.
PAUSES = (1.0, 4.0, 15.0)
# How many admins are mentioned.
ADMINS_MAX = 5
_READ = ("text", "blocks", "attachments")
_FINDER = Caller.system("leaks")


router = Router()


@router.event("message", allow=system)
def posted(report: SlackEvent) -> None:
    """Find tokens in a message that was posted or edited; most messages cost one search."""
    context, event = report.context, report.event
    message = event.get("message") if event.get("subtype") == "message_changed" else event
    if not isinstance(message, dict) or not message.get("ts"):
        return
    tokens = detection.tokens_in(text for name in _READ for text in _texts(message.get(name)))
    if not tokens:
        return
    location = MessageLocation(
        str(event["channel"]), str(message["ts"]), str(message.get("user") or "")
    )
    found = _record(context, RecordLeaks(tokens=tuple(tokens), location=location))
    if found:
        _describe(context, location, found)
        _tell_poster(context, location, message, found)


@router.action(ids.LEAK_OPEN, allow=everyone)
def opened(interaction: Interaction) -> None:
    """Acknowledge the button that opens the message; Slack itself opens it."""
    interaction.acknowledge()


@router.action(ids.LEAK_REVOKE, allow=admins)
def revoke_now(interaction: Interaction) -> None:
    """Revoke the key because its token leaked; the dialog of the button has asked."""
    interaction.acknowledge()
    operation = Revoke(key=interaction.payload.key, reason=views.REASON)
    interaction.say(revocation.outcome(interaction.execute(operation)))


def _texts(part: Any) -> Iterator[str]:
    """Yield every text in a part of a message, at any depth."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict | list):
        for inner in part.values() if isinstance(part, dict) else part:
            yield from _texts(inner)


def _record(context: Context, operation: RecordLeaks) -> list[LeakedToken]:
    """Execute the operation, with retries while the database does not answer."""
    for pause in PAUSES:
        try:
            return execute(context.services, _FINDER, operation, wait=0).value
        except StorageUnavailable:
            context.services.sleep(pause)
    return execute(context.services, _FINDER, operation, wait=0).value


def _describe(context: Context, location: MessageLocation, found: list[LeakedToken]) -> None:
    """Add the link and the admins to the team's message, which waits a moment for them."""
    alarming = [token for token in found if token.alarming]
    if not alarming:
        return
    try:
        link = context.slack.quick().permalink(location.channel, location.message)
    except SlackError as error:
        logger.info("the message with the token has no link: %s", error.code)
        link = ""
    mentioned = context.admins.ids(ADMINS_MAX)
    with context.writing() as session:
        for token in alarming:
            live_messages.set_data(
                session, MESSAGE_KIND, about_leak(token.key.id, token.secret_id, location), TEAM,
                message_data(token.secret_id, location, link, mentioned), context.clock.now(),
            )  # fmt: skip
    context.wake()


def _tell_poster(
    context: Context, location: MessageLocation, message: dict[str, Any], found: list[LeakedToken]
) -> None:
    """Tell only the person who posted it; only members are told that it is an API key."""
    if not location.person:
        return
    team_id = str(message.get("user_team") or message.get("team") or "")
    membership = context.admins.check_membership(Person(location.person, team_id))
    if isinstance(membership, Allowed):
        revoked = context.policy.leaked is Leaked.REVOKE
        reply = views.for_poster(
            works=any(token.worked for token in found),
            revoked=revoked,
            can_return=any(token.alarming for token in found),
        )
    elif membership.why is DenialReason.BOT:
        return
    else:
        reply = views.for_outsider()
    thread = str(message.get("thread_ts") or "")
    try:
        context.slack.ephemeral(
            location.channel, location.person, reply["text"], reply["blocks"], thread=thread
        )
    except SlackError as error:
        # The team is told in any case.
        logger.info("%s was not told of the token: %s", location.person, error.code)
