"""The event of a leaked token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from keys.changes.events import Event, NewLiveMessage
from keys.changes.outbox import TEAM
from storage.tables import Secret

# The live message about a leaked token; its subject begins with the key's id.
MESSAGE_KIND = "leak"


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
    """A token was found in a message; the team is told if it works.

    Args:
        works: whether the token works now.
    """

    def __init__(self, secret: Secret, location: MessageLocation, *, works: bool) -> None:
        subject = f"{secret.key_id}:{secret.id}:{location.channel}:{location.message}"
        data = {"channel": location.channel, "person": location.person, "secret": secret.id}
        super().__init__(
            secret.key_id,
            sighting(secret, location),
            live=[NewLiveMessage(MESSAGE_KIND, subject, TEAM, data=data)] if works else [],
        )


def sighting(secret: Secret, location: MessageLocation) -> dict[str, Any]:
    """Return the audit log's data: the same each time this token is found in this message."""
    return {"secret": secret.id, "channel": location.channel, "message": location.message}
