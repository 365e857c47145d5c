"""Finds the words of an outbox entry among those that the features have handed in."""

from __future__ import annotations

from collections.abc import Mapping

from bot.framework.announcement import AdminIds, Announcement
from bot.ui.blocks import Message
from keys.changes.outbox import OutboxEntry


class UnknownNotice(ValueError):
    """No feature has words for an entry of this kind."""


def notice(
    announcements: Mapping[str, Announcement], due: OutboxEntry, admins: AdminIds
) -> Message:
    """Render the message of an outbox entry.

    Args:
        announcements: by the entry's kind (bot.framework.feature.announcements).
        admins: gives the ids of some admins, for an entry that calls them.

    Raises:
        UnknownNotice: if no feature has words for its kind.
    """
    if due.kind not in announcements:
        raise UnknownNotice(due.kind)
    return announcements[due.kind](due, admins)
