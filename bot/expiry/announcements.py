"""The announcement that an admin lets a key expire."""

from __future__ import annotations

from datetime import datetime

from bot.framework.announcement import AdminIds, who_and_which
from bot.ui.blocks import Element, Message, format_time, message, sentence
from keys.changes.outbox import TEAM, OutboxEntry


def accepted(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Announce that a key will not be extended."""
    ends = entry.data.get("expires_at")
    when: list[Element | str] = []
    if ends:
        from_then = format_time(datetime.fromisoformat(str(ends)), "from ")
        when = [" Its token is refused ", from_then, "."]
    more = [] if entry.recipient == TEAM else [" If you still need the key, ask an admin."]
    return message(sentence(*who_and_which(entry, " will not extend "), ".", *when, *more))


ANNOUNCEMENTS = {"expiry.accepted": accepted}
