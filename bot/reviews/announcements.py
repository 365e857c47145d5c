"""Announcements about a review, for the team, admins and owners; and the digest."""

from __future__ import annotations

from bot.framework.announcement import AdminIds
from bot.reviews import summary_view
from bot.ui.blocks import Message, message
from bot.ui.command_name import command_name
from keys.changes.outbox import OutboxEntry


def finished(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Announce the result of a review."""
    return message(*summary_view.finished(entry.data, command_name()))


def escalated(entry: OutboxEntry, admins: AdminIds) -> Message:
    """Mention admins, as a review ends soon and keys have no answer."""
    return message(*summary_view.escalated(entry.data, admins()))


def evidence_refused(entry: OutboxEntry, admins: AdminIds) -> Message:
    """Mention admins, as the evidence of a review was not written."""
    return message(*summary_view.evidence_refused(entry.data, admins(), command_name()))


def revokes(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Warn that keys without an answer will be revoked."""
    return message(*summary_view.revokes(entry.data))


def digest(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Announce what happened to keys since the last digest."""
    return message(*summary_view.digest(entry.data))


ANNOUNCEMENTS = {
    "audit.escalated": escalated,
    "audit.evidence_refused": evidence_refused,
    "audit.finished": finished,
    "audit.revokes": revokes,
    "digest.posted": digest,
}
