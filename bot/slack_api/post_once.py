"""Posting once what must be said once, although the bot may die at any moment.

Slack takes a message twice if it is sent twice. So each bears the id of what it tells as a mark;
a bot that cannot know whether an earlier attempt came through looks for it first. That takes the
optional scopes for history; without them the message is posted again, and may stand there twice.
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

# Clocks of two machines are not the same.
_EARLIER = timedelta(minutes=2)
_CHANNEL_ID = re.compile(r"[CG][A-Z0-9]{2,}")


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """What has to be posted once.

    Attributes:
        recipient: `team`, or a person as `person:U…`.
        channel: where the team is told.
        known: the channel's id, if it is known, since `channel` may be a name.
        since: when it was first due; None if it was surely never posted.
    """

    marker: str
    recipient: str
    channel: str
    known: str | None
    since: datetime | None


@dataclass(frozen=True, slots=True)
class PostedMessage:
    """A message that stands in Slack now.

    Attributes:
        found: whether an earlier attempt had posted it. It then says what was so at that time.
    """

    message: Posted
    found: bool


def post(slack: SlackClient, letter: OutgoingMessage, message: Message) -> PostedMessage:
    """Post it, unless it stands there. Raises SlackError."""
    if letter.since is not None and (found := _found(slack, letter, letter.since)) is not None:
        return PostedMessage(found, found=True)
    text, blocks = message["text"], message["blocks"]
    if letter.recipient == TEAM:
        posted = slack.post(letter.channel, text, blocks, marker=letter.marker)
    else:
        posted = slack.dm(Actor.read(letter.recipient).id, text, blocks, marker=letter.marker)
    return PostedMessage(posted, found=False)


def _found(slack: SlackClient, letter: OutgoingMessage, since: datetime) -> Posted | None:
    channel = letter.channel if _CHANNEL_ID.fullmatch(letter.channel) else letter.known
    if letter.recipient != TEAM:
        channel = slack.open_dm(Actor.read(letter.recipient).id)
    try:
        if channel is None:
            channel = slack.channel_id(letter.channel, since)
        return slack.find(channel, letter.marker, since - _EARLIER)
    except (RateLimited, Unavailable):
        # Slack may say so later, and until then nothing is posted.
        raise
    except SlackError as error:
        logger.info("whether %s was posted cannot be looked up: %s", letter.marker, error.code)
        return None
