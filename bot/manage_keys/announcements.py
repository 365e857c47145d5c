"""Announcements to the team: keys created, revoked, imported."""

from __future__ import annotations

from bot.framework.announcement import AdminIds, who_and_which
from bot.ui.blocks import (
    Element,
    Message,
    clip,
    format_time,
    message,
    person,
    sentence,
    text_element,
)
from keys.base.actors import Actor
from keys.changes.outbox import OutboxEntry
from keys.credentials.tokens import redact
from keys.inputs.names import NOTE_MAX
from keys.inputs.scopes import MEANINGS


def created(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Announce a new key."""
    may = ", ".join(MEANINGS.get(scope, scope) for scope in entry.data.get("scopes", ()))
    owner = entry.data.get("owner")
    owned: list[Element | str] = [" Owner: ", person(Actor.person(owner)), "."] if owner else []
    allowed = f". It may {may}." if may else "."
    text = sentence(*who_and_which(entry, " created the key "), allowed, *owned)
    return message(text)


def revoked(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Announce that a key was revoked."""
    reason = clip(redact(str(entry.data.get("reason") or "")), NOTE_MAX)
    why: list[Element | str] = [" Reason: ", text_element(reason)] if reason else []
    text = sentence(*who_and_which(entry, " revoked the key "), ".", *why)
    return message(text)


def imported(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Announce imported keys."""
    count = int(entry.data["count"])
    what = "1 API key" if count == 1 else f"{count:,} API keys"
    text = sentence(person(entry.actor), f" imported {what}", format_time(entry.at, ", "), ".")
    return message(text)


ANNOUNCEMENTS = {"key.issued": created, "key.revoked": revoked, "keys.imported": imported}
