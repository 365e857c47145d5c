"""Render an outbox entry with the announcement that a feature has handed in for its kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.framework.announcement import AdminIds, Announcement
from bot.ui.blocks import Message, context
from bot.ui.blocks import message as message_of
from keys.changes.outbox import OutboxEntry

# With three blocks each, this is within the 50 blocks of a message.
SHOWN_MOST = 15


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


def render_all(
    announcements: Mapping[str, Announcement], entries: Sequence[OutboxEntry], admins: AdminIds
) -> Message:
    """Render one message of entries of the same kind, for the same recipient.

    The first block of each says what happened; what follows it is the same for all, and is rendered
    once. Buttons belong to one entry each, so with buttons all blocks of each are rendered.
    """
    first, *others = (render(announcements, entry, admins) for entry in entries)
    if not others:
        return first
    rendered = [first, *others][:SHOWN_MOST]
    has_buttons = any(block["type"] == "actions" for block in first["blocks"])
    blocks = [
        block for one in rendered for block in (one["blocks"] if has_buttons else one["blocks"][:1])
    ]
    if more := len(others) + 1 - len(rendered):
        blocks.append(context(f"… and {more:,} more."))
    return message_of(*blocks, *([] if has_buttons else first["blocks"][1:]))
