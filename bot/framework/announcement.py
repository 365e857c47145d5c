"""The words of an announcement: a feature has a function for each outbox kind of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot.ui.blocks import Element, Message, clip, format_time, person, text_element
from keys.changes.outbox import OutboxEntry
from keys.credentials.tokens import redact
from keys.inputs.names import NAME_MAX

# The ids of some admins, for an announcement that calls them. It may ask Slack.
AdminIds = Callable[[], Sequence[str]]
# Renders the message of an outbox entry.
Announcement = Callable[[OutboxEntry, AdminIds], Message]


def key_name(data: Mapping[str, Any]) -> str:
    """The key's name, as an announcement shows it."""
    return clip(redact(str(data["name"])), NAME_MAX)


def who_and_which(entry: OutboxEntry, did: str) -> list[Element | str]:
    """Who did it to which key, and when."""
    name = text_element(key_name(entry.data), bold=True)
    return [person(entry.actor), did, name, format_time(entry.at, ", ")]
