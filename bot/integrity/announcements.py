"""Announcements to the team: the database was tampered with, or restored."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from bot.framework.announcement import AdminIds
from bot.ui.blocks import (
    Element,
    Message,
    called,
    clip,
    context,
    message,
    person,
    section,
    sentence,
    text_element,
)
from keys.changes.outbox import OutboxEntry
from keys.credentials.tokens import redact
from keys.inputs.names import NAME_MAX, NOTE_MAX
from keys.integrity.findings import ANCHOR, SCHEMA
from runtime.display import visible

_CHANGED = "The database of API keys was changed by something other than this program"
_NO_ANCHOR = "The end of the API keys' audit log could not be verified"
_WHAT_TO_DO = (
    "Keys among these are refused now; all others work. Revoke them and create others, and ask an "
    "operator to find out who can write to the database: `apikeys db verify` lists everything."
)
_NOT_CONFIRMED = (
    "Until then, a gateway may accept keys that were revoked, even if it has confirmed. Ask an "
    "operator to repair this and to restart every gateway: `apikeys db verify` lists everything."
)


def tampering_found(entry: OutboxEntry, admins: AdminIds) -> Message:
    """Announce what was found, to the admins by name, and say what to do."""
    findings: list[Mapping[str, Any]] = entry.data["findings"]
    # A key's row and those of its secrets are found at once, and are one thing to a reader.
    about = {(one["key"] or one["row"], one["what"]): one for one in findings}
    more = int(entry.data["count"]) - len(findings)
    tables = {one["table"] for one in findings}
    # A damaged file says nothing about the database.
    text = _CHANGED if tables != {ANCHOR} else _NO_ANCHOR
    names = dict.fromkeys(_name(one) for one in findings if one.get("name"))
    named = [piece for one in names for piece in (", ", text_element(one, bold=True))][1:]
    listed = [sentence("• ", *_about(one), f" {one['what']}.") for one in about.values()]
    return message(
        sentence(
            {"type": "emoji", "name": "warning"},
            f" {text}",
            *([": ", *named] if named else []),
            ".",
        ),
        *listed,
        *([context(f"… and {more:,} more.")] if more else []),
        *([section(_NOT_CONFIRMED)] if SCHEMA in tables else []),
        *([section(_WHAT_TO_DO)] if tables - {ANCHOR, SCHEMA} else []),
        *called(admins()),
    )


def _about(one: Mapping[str, Any]) -> tuple[Element | str, ...]:
    if one.get("name"):
        return ("The key ", text_element(_name(one), bold=True), f" ({one['key']})")
    if one["table"] == ANCHOR:
        # Slack need not know where on a machine a file is: `apikeys db verify` says it there.
        return ("The file ", text_element(PurePath(str(one["row"])).name))
    if one["table"] == SCHEMA:
        kind, _, name = str(one["row"]).partition(" ")
        # A name may be any text, line breaks included.
        return (f"The {kind} ", text_element(visible(name), code=True))
    return (text_element(f"{one['table']} {one['row']}"),)


def _name(one: Mapping[str, Any]) -> str:
    return clip(visible(redact(str(one["name"]))), NAME_MAX)


def restored(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Announce that an operator accepted an older audit log."""
    reason = clip(str(entry.data["reason"]), NOTE_MAX)
    return message(
        sentence(person(entry.actor), " restored the database of API keys from a backup."),
        sentence("Keys that were revoked since may work again. Reason: ", text_element(reason)),
    )


ANNOUNCEMENTS = {"tampering.found": tampering_found, "database.restored": restored}
