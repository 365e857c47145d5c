"""Render an outbox entry with the announcement that a feature has handed in for its kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.framework.announcement import AdminIds, Announcement
from bot.ui.blocks import Block, Message, context
from bot.ui.blocks import message as message_of
from bot.ui.payloads import ActionPayload
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
    once. If a button is about the entry alone, all blocks of each are rendered.
    """
    first, *others = (render(announcements, entry, admins) for entry in entries)
    if not others:
        return first
    rendered = [first, *others][:SHOWN_MOST]
    is_whole = any(map(_is_about_one, first["blocks"]))
    blocks = [
        block for one in rendered for block in (one["blocks"] if is_whole else one["blocks"][:1])
    ]
    if more := len(others) + 1 - len(rendered):
        blocks.append(context(f"… and {more:,} more."))
    return message_of(*blocks, *([] if is_whole else first["blocks"][1:]))


def _is_about_one(block: Block) -> bool:
    """Return whether a block has a button whose payload names something."""
    if block["type"] != "actions":
        return False
    payloads = (ActionPayload.decode(element["value"]) for element in block["elements"])
    return any(payload != ActionPayload(payload.at) for payload in payloads)
