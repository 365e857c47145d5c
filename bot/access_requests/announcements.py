"""Announcements to the requester of a decision: why, and how to ask again."""

from __future__ import annotations

from bot.framework.announcement import AdminIds, key_name
from bot.ui import ids
from bot.ui.blocks import (
    Element,
    Message,
    actions,
    button,
    clip,
    format_time,
    message,
    person,
    section,
    sentence,
    text_element,
)
from bot.ui.payloads import ActionPayload
from keys.changes.outbox import OutboxEntry
from keys.credentials.tokens import redact
from keys.inputs.names import NOTE_MAX


def denied(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Announce that a request was denied."""
    reason = _reason(entry)
    why: list[Element | str] = [" Reason: ", text_element(reason)] if reason else []
    said = sentence(
        person(entry.actor), " denied your request for ", _name(entry),
        format_time(entry.at, ", "), ".", *why,
    )  # fmt: skip
    return message(said, section("You can change it and ask again."), _again(entry))


def closed(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Announce that a request was closed without a decision."""
    reason = _reason(entry)
    why: list[Element | str] = [": ", text_element(reason)] if reason else []
    said = sentence("Your request for ", _name(entry), " was closed", *why, ".")
    return message(said, section("If you still need the key, ask again."), _again(entry))


def _name(entry: OutboxEntry) -> Element:
    return text_element(key_name(entry.data), bold=True)


def _reason(entry: OutboxEntry) -> str:
    return clip(redact(str(entry.data.get("reason") or "")), NOTE_MAX)


def _again(entry: OutboxEntry) -> dict[str, object]:
    ref = ActionPayload(entry.at, about=str(entry.data["request"]))
    return actions(button("Ask again", ids.REQUEST_AGAIN, ref, style="primary"))


ANNOUNCEMENTS = {"request.denied": denied, "request.closed": closed}
"""The kinds of outbox entry that are about a request."""
