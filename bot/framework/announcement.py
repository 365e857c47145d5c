"""Announcements: a feature has a function that renders each of its kinds of outbox entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot.ui.blocks import Element, Message, clip, format_time, person, text_element
from keys.changes.outbox import OutboxEntry, to_person
from keys.credentials.tokens import redact
from keys.inputs.names import NAME_MAX

# Returns the ids of some admins, for an announcement that mentions them. It may ask Slack.
AdminIds = Callable[[], Sequence[str]]
# Renders the message of an outbox entry.
Announcement = Callable[[OutboxEntry, AdminIds], Message]


def key_name(data: Mapping[str, Any]) -> str:
    """Return the key's name, redacted and shortened."""
    return clip(redact(str(data["name"])), NAME_MAX)


def is_for(entry: OutboxEntry, user_id: object) -> bool:
    """Return whether an entry goes to this user, by direct message."""
    return bool(user_id) and entry.recipient == to_person(str(user_id))


def who_and_which(entry: OutboxEntry, did: str) -> list[Element | str]:
    """Return who did it to which key, and when, as the beginning of a sentence."""
    name = text_element(key_name(entry.data), bold=True)
    return [person(entry.actor), did, name, format_time(entry.at, ", ")]
