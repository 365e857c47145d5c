"""Announcements about a rotation, for the team, the key's owners and holders of its tokens."""

from __future__ import annotations

from datetime import datetime

from bot.framework.announcement import AdminIds, key_name, who_and_which
from bot.ui.blocks import RECORDED, Message, format_time, message, section, sentence, text_element
from keys.changes.outbox import OutboxEntry
from keys.delivery.completion import RECIPIENT_LEFT


def rotated(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Tell people who have the old token, and no message that follows the rotation."""
    ends = datetime.fromisoformat(str(entry.data["ends_at"]))
    said = sentence(
        *who_and_which(entry, " rotated the key "), ".",
        format_time(ends, " The old token works until ", RECORDED), ".",
    )  # fmt: skip
    return message(said, section("If you use it, ask the owner for the new one."))


def still_used(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Warn that a program still uses an old token that expires soon."""
    ends = format_time(datetime.fromisoformat(str(entry.data["ends_at"])), " expires ", RECORDED)
    hint = text_element(str(entry.data["hint"]), code=True)
    which = text_element(key_name(entry.data), bold=True)
    text = sentence(
        "The old token of ", which, ", ", hint, ",", ends, ", and a program still uses it. "
        "Give the program the new token, or it will be refused.",
    )  # fmt: skip
    return message(text)


def ended(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Announce that the old token is refused now."""
    which = text_element(key_name(entry.data), bold=True)
    hint = text_element(str(entry.data["hint"]), code=True)
    text = sentence(
        "The old token of ", which, ", ", hint, ", is refused now. The key itself still works."
    )
    return message(text)


def cancelled(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Announce that the new token did not reach its recipient."""
    which = text_element(key_name(entry.data), bold=True)
    if entry.data.get("reason") == RECIPIENT_LEFT:
        text = sentence(
            which, " was not rotated, and the old token keeps working. The person who was to get "
            "the new token is no longer a full member of this workspace. Rotate the key again "
            "and choose someone else.",
        )  # fmt: skip
    else:
        text = sentence("Rotating ", which, " was interrupted. The old token keeps working.")
    return message(text)


ANNOUNCEMENTS = {
    "key.rotated": rotated,
    "rotation.abandoned": cancelled,
    "rotation.ended": ended,
    "rotation.still_used": still_used,
}
