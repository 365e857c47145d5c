"""Announcements to the team: the database was tampered with, or restored."""

from __future__ import annotations

from bot.framework.announcement import AdminIds
from bot.ui.blocks import (
    Element,
    Message,
    clip,
    context,
    message,
    person,
    section,
    sentence,
    text_element,
)
from keys.base.actors import Actor
from keys.changes.outbox import OutboxEntry
from keys.inputs.names import NOTE_MAX

_LISTED = 5


def tampering_found(entry: OutboxEntry, admins: AdminIds) -> Message:
    """Announce what was found, to the admins by name, and say what to do."""
    count, listed = int(entry.data["count"]), entry.data["findings"][:_LISTED]
    what = "1 row" if count == 1 else f"{count:,} rows"
    text = f"{what} of the database of API keys changed, and not by this program."
    asked: list[Element | str] = []
    for admin in admins():
        asked += [person(Actor.person(admin)), " "]
    rows = [
        sentence("• ", text_element(f"{one['table']} {one['row']}"), f" {one['what']}.")
        for one in listed
    ]
    more = [context(f"… and {count - len(listed):,} more.")] if count > len(listed) else []
    return message(
        text,
        sentence(*asked, f":warning: {text}"),
        *rows,
        *more,
        section(
            "Keys among these are refused now; all others work. Revoke them and create others, and "
            "ask an operator to find out who can write to the database: `apikeys db verify` lists "
            "everything."
        ),
    )


def restored(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Announce that an operator accepted an older audit log."""
    reason = clip(str(entry.data["reason"]), NOTE_MAX)
    text = "The database of API keys was restored from a backup."
    return message(
        text,
        sentence(person(entry.actor), " restored the database of API keys from a backup."),
        sentence("Keys that were revoked since may work again. Reason: ", text_element(reason)),
    )


ANNOUNCEMENTS = {"tampering.found": tampering_found, "database.restored": restored}
