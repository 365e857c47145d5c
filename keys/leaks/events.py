"""The event of a leaked token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from keys.changes.events import Event, NewLiveMessage
from keys.changes.outbox import TEAM
from storage.tables import Secret

# The live message about a leaked token; its subject begins with the key's id.
MESSAGE_KIND = "leak"
# How long it waits for the link to the message and the admins to mention. If the process dies in
# between, it is posted without them.
_DESCRIBED_WITHIN = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class MessageLocation:
    """Where a leaked token was found.

    Attributes:
        channel, message: the ids of the channel and the message.
        person: the id of the person who posted it; empty for a program.
    """

    channel: str
    message: str
    person: str


class TokenSeen(Event, kind="token.seen"):
    """A token was found in a message.

    Args:
        alarming: whether the team is told.
    """

    def __init__(self, secret: Secret, location: MessageLocation, *, alarming: bool) -> None:
        data = message_data(secret.id, location)
        subject = about_leak(secret.key_id, secret.id, location)
        alarm = NewLiveMessage(MESSAGE_KIND, subject, TEAM, _DESCRIBED_WITHIN, data)
        super().__init__(
            secret.key_id, sighting(secret, location), live=[alarm] if alarming else []
        )


def about_leak(key_id: str, secret_id: str, location: MessageLocation) -> str:
    """Return the subject of the live message about a leaked token."""
    return f"{key_id}:{secret_id}:{location.channel}:{location.message}"


def message_data(
    secret_id: str, location: MessageLocation, link: str = "", admins: Sequence[str] = ()
) -> dict[str, Any]:
    """Return what the live message is rendered from.

    Args:
        link: the address of the message with the token.
        admins: the ids of admins to mention.
    """
    return {
        "channel": location.channel,
        "person": location.person,
        "secret": secret_id,
        "link": link,
        "admins": list(admins),
    }


def sighting(secret: Secret, location: MessageLocation) -> dict[str, Any]:
    """Return the audit log's data: the same each time this token is found in this message."""
    return {"secret": secret.id, "channel": location.channel, "message": location.message}
