"""What the team and a key's owner are told about a rotation."""

from __future__ import annotations

from datetime import datetime

from bot.framework.announcement import AdminIds, key_name
from bot.ui.blocks import Message, format_time, message, sentence, text_element
from keys.changes.outbox import OutboxEntry


def still_used(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """A program uses the old token shortly before it ends."""
    ends = format_time(datetime.fromisoformat(str(entry.data["ends_at"])), " ends ")
    hint = text_element(str(entry.data["hint"]), code=True)
    which = text_element(key_name(entry.data), bold=True)
    text = sentence(
        "The old token of ", which, ", ", hint, ",", ends, ", and a program still uses it. "
        "It needs the new one, or it is refused then.",
    )  # fmt: skip
    return message("A program still uses an old token.", text)


def ended(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """The old token has ended."""
    which = text_element(key_name(entry.data), bold=True)
    hint = text_element(str(entry.data["hint"]), code=True)
    text = sentence(
        "The old token of ", which, ", ", hint, ", is refused now. The key itself still works."
    )
    return message("An old token has ended.", text)


def cancelled(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """The new token did not reach its recipient."""
    which = text_element(key_name(entry.data), bold=True)
    text = sentence("Rotating ", which, " was interrupted. The old token keeps working.")
    return message("A rotation was given up.", text)


ANNOUNCEMENTS = {
    "rotation.abandoned": cancelled,
    "rotation.ended": ended,
    "rotation.still_used": still_used,
}
