"""The announcement that an admin lets a key expire."""

from __future__ import annotations

from datetime import datetime

from bot.framework.announcement import AdminIds, who_and_which
from bot.ui.blocks import RECORDED, Element, Message, format_expiry, message, sentence
from keys.changes.outbox import TEAM, OutboxEntry


def accepted(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Announce that a key will not be extended."""
    ends = entry.data.get("expires_at")
    when: list[Element | str] = []
    if ends:
        last = format_expiry(datetime.fromisoformat(str(ends)), " It works until ", RECORDED)
        when = [last, "."]
    more = [] if entry.recipient == TEAM else [" If you still need the key, ask an admin."]
    return message(sentence(*who_and_which(entry, " will not extend "), ".", *when, *more))


ANNOUNCEMENTS = {"expiry.accepted": accepted}
