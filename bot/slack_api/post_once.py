"""Post a message exactly once, although the process may die at any moment.

Slack accepts the same message twice. So each has an id in its metadata; if an earlier attempt may
have succeeded, the message is searched for first. That requires the optional scopes for history;
without them the message is posted again, and may appear twice. The earlier one of a double that is
found afterwards is deleted.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.slack_api.client import Posted, SlackClient
from bot.slack_api.errors import RateLimited, SlackError, Unavailable
from bot.ui.blocks import Message
from keys.base.actors import Actor
from keys.changes.outbox import TEAM

logger = logging.getLogger("bot")

# For clocks that differ between machines.
_EARLIER = timedelta(minutes=2)
_CHANNEL_ID = re.compile(r"[CG][A-Z0-9]{2,}")


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message that has to be posted once.

    Attributes:
        marker: its id.
        recipient: `team`, or a user as `person:U…`.
        channel: the team's channel, by id or name.
        known: the channel's id, if it is known.
        since: when it was first due; None if it was certainly never posted.
    """

    marker: str
    recipient: str
    channel: str
    known: str | None
    since: datetime | None


@dataclass(frozen=True, slots=True)
class PostedMessage:
    """A message that is in Slack now.

    Attributes:
        found: whether an earlier attempt had posted it, so that it may be out of date.
    """

    message: Posted
    found: bool


def post(slack: SlackClient, outgoing: OutgoingMessage, message: Message) -> PostedMessage:
    """Post a message, unless it is already there. Raises SlackError."""
    if (
        outgoing.since is not None
        and (found := _found(slack, outgoing, outgoing.since)) is not None
    ):
        return PostedMessage(found, found=True)
    text, blocks = message["text"], message["blocks"]
    if outgoing.recipient == TEAM:
        posted = slack.post(outgoing.channel, text, blocks, marker=outgoing.marker)
    else:
        posted = slack.dm(Actor.read(outgoing.recipient).id, text, blocks, marker=outgoing.marker)
    slack.searches.note_posted(outgoing.marker, posted.ts)
    return PostedMessage(posted, found=False)


def remove_double(slack: SlackClient) -> bool:
    """Look a little further for messages that may be there twice, and delete the earlier of two.

    Returns:
        Whether there was anything to look for.

    Raises:
        SlackError: if Slack does not answer.
    """
    if not slack.searches.has_doubtful:
        return False
    if (double := slack.searches.find_double()) is not None:
        slack.delete(Posted(*double))
        logger.info("a message that was posted twice was deleted")
    return True


def _found(slack: SlackClient, outgoing: OutgoingMessage, since: datetime) -> Posted | None:
    channel = outgoing.channel if _CHANNEL_ID.fullmatch(outgoing.channel) else outgoing.known
    if outgoing.recipient != TEAM:
        channel = slack.open_dm(Actor.read(outgoing.recipient).id)
    try:
        if channel is None:
            channel = slack.channel_id(outgoing.channel, since)
        return slack.find(channel, outgoing.marker, since - _EARLIER)
    except (RateLimited, Unavailable):
        # Slack may answer later; until then nothing is posted.
        raise
    except SlackError as error:
        logger.info("cannot look up whether %s was posted: %s", outgoing.marker, error.code)
        return None
