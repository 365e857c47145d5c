"""What the team, admins and owners are told about a review, and the digest."""

from __future__ import annotations

from bot.framework.announcement import AdminIds
from bot.framework.context import COMMAND
from bot.reviews import summary_view
from bot.ui.blocks import Message, message
from keys.changes.outbox import OutboxEntry


def finished(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """A review is over."""
    return message(
        "The audit of the API keys is over.", *summary_view.finished(entry.data, COMMAND)
    )


def escalated(entry: OutboxEntry, admins: AdminIds) -> Message:
    """A review ends soon; admins are called for the keys without an answer."""
    fallback = "The audit of the API keys ends soon, and some have no answer."
    return message(fallback, *summary_view.escalated(entry.data, admins()))


def revokes(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Keys without an answer are going to be revoked."""
    fallback = "API keys without an answer are going to be revoked."
    return message(fallback, *summary_view.revokes(entry.data))


def digest(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """What happened with keys since the digest before."""
    return message("What happened with API keys.", *summary_view.digest(entry.data))


ANNOUNCEMENTS = {
    "audit.escalated": escalated,
    "audit.finished": finished,
    "audit.revokes": revokes,
    "digest.posted": digest,
}
