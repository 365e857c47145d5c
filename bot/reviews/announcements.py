"""Announcements about a review, for the team, admins and owners; and the digest."""

from __future__ import annotations

from bot.framework.announcement import AdminIds
from bot.reviews import summary_view
from bot.ui.blocks import Message, message
from bot.ui.command_name import command_name
from keys.changes.outbox import OutboxEntry


def finished(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Announce the result of a review."""
    return message(
        "The audit of the API keys is over.", *summary_view.finished(entry.data, command_name())
    )


def escalated(entry: OutboxEntry, admins: AdminIds) -> Message:
    """Mention admins, as a review ends soon and keys have no answer."""
    fallback = "The audit of the API keys ends soon, and some have no answer."
    return message(fallback, *summary_view.escalated(entry.data, admins()))


def evidence_refused(entry: OutboxEntry, admins: AdminIds) -> Message:
    """Mention admins, as the evidence of a review was not written."""
    fallback = "The report of the audit was not written."
    return message(fallback, *summary_view.evidence_refused(entry.data, admins(), command_name()))


def revokes(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Warn that keys without an answer will be revoked."""
    fallback = "API keys without an answer will be revoked."
    return message(fallback, *summary_view.revokes(entry.data))


def digest(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Announce what happened to keys since the last digest."""
    return message("What happened to API keys.", *summary_view.digest(entry.data))


ANNOUNCEMENTS = {
    "audit.escalated": escalated,
    "audit.evidence_refused": evidence_refused,
    "audit.finished": finished,
    "audit.revokes": revokes,
    "digest.posted": digest,
}
