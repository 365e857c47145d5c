"""Render an outbox entry with the announcement that a feature has handed in for its kind."""

from __future__ import annotations

from collections.abc import Mapping

from bot.framework.announcement import AdminIds, Announcement
from bot.ui.blocks import Message
from keys.changes.outbox import OutboxEntry


class UnknownKind(ValueError):
    """No feature announces entries of this kind."""


def render(
    announcements: Mapping[str, Announcement], entry: OutboxEntry, admins: AdminIds
) -> Message:
    """Render the message of an outbox entry.

    Args:
        announcements: by kind (bot.framework.feature.announcements).
        admins: returns the ids of some admins, for entries that mention them.

    Raises:
        UnknownKind: if no feature announces its kind.
    """
    if entry.kind not in announcements:
        raise UnknownKind(entry.kind)
    return announcements[entry.kind](entry, admins)
