"""Announcements about keys created, changed, revoked and imported: to the team, and to people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.framework.announcement import AdminIds, is_for, key_name, who_and_which
from bot.ui import ids
from bot.ui.blocks import (
    RECORDED,
    Element,
    Message,
    actions,
    button,
    clip,
    format_expiry,
    format_time,
    message,
    person,
    person_by_name,
    section,
    sentence,
    text_element,
)
from bot.ui.inputs import FIELD_NAMES
from bot.ui.key_facts import ON_DAY
from bot.ui.payloads import ActionPayload
from keys.base.actors import Actor
from keys.changes.outbox import TEAM, OutboxEntry
from keys.credentials.tokens import redact
from keys.inputs.names import NAME_MAX, NOTE_MAX
from keys.inputs.scopes import MEANINGS

Pieces = list[Element | str]


def created(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Announce a new key."""
    may = ", ".join(MEANINGS.get(scope, scope) for scope in entry.data.get("scopes", ()))
    owner = entry.data.get("owner")
    owned: Pieces = [" Owner: ", person(Actor.person(owner)), "."] if owner else []
    if is_for(entry, owner):
        owned = [" You are its owner."]
    elif entry.recipient != TEAM:
        owned = [" You are its backup owner."]
    allowed = f". It may {may}." if may else "."
    expires: Pieces = []
    # An entry of an earlier version has no expiry date.
    if ends := entry.data.get("expires_at"):
        day = format_expiry(datetime.fromisoformat(str(ends)), " It expires ", ON_DAY)
        expires = [day, "."]
    return message(sentence(*who_and_which(entry, " created the key "), allowed, *expires, *owned))


def revoked(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Announce that a key was revoked; people also read what it means for them."""
    reason = clip(redact(str(entry.data.get("reason") or "")), NOTE_MAX)
    why: Pieces = [" (", text_element(reason), ")"] if reason else []
    which = text_element(key_name(entry.data), bold=True)
    when = format_time(entry.at, ", ")
    said = sentence(person(entry.actor), " revoked the key ", which, *why, when, ".")
    if entry.recipient == TEAM:
        return message(said)
    ask = button("Ask for a key", ids.REQUEST, ActionPayload(entry.at))
    next_ = "Programs that use it are refused. If one still needs a key, ask for a new one."
    return message(said, section(next_), actions(ask))


def renamed(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Announce that a key has another name."""
    before, after = (clip(redact(str(entry.data[name])), NAME_MAX) for name in ("from", "to"))
    return message(
        sentence(
            person(entry.actor), " renamed the key ", text_element(before, bold=True), " to ",
            text_element(after, bold=True), format_time(entry.at, ", "),
            ". Its token stays the same.",
        )
    )  # fmt: skip


def edited(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Announce what was changed of a key, each with its value before and after."""
    before, after = entry.data["from"], entry.data["to"]
    you = next((words for words in _YOU if is_for(entry, after.get(words[0]))), None)
    was = next((words for words in _YOU if is_for(entry, before.get(words[0]))), None)
    if you is not None:
        made = f" made you the {you[1]} of "
        return message(sentence(*who_and_which(entry, made), ".", *_rest(before, after, you[0])))
    if was is not None:
        gone: Pieces = [f". You are no longer its {was[1]}."]
        return message(sentence(*who_and_which(entry, " changed "), *gone, *_rest(before, after)))
    return message(
        sentence(*who_and_which(entry, " changed the key "), ". ", *_changes(before, after), ".")
    )


_YOU = (("owner", "owner"), ("backup_owner", "backup owner"))


def _rest(before: Mapping[str, Any], after: Mapping[str, Any], but_for: str = "") -> Pieces:
    left = {name: value for name, value in after.items() if name != but_for}
    return [" ", *_changes(before, left), "."] if left else []


def limited(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Announce a key's limits."""
    now = {name: entry.data[name] for name in ("rate_limit", "networks")}
    values = [
        piece
        for name, value in now.items()
        for piece in ("; ", f"{FIELD_NAMES[name]}: ", *_value(name, value))
    ][1:]
    return message(
        sentence(*who_and_which(entry, " changed the limits of "), ". ", *_capital(values), ".")
    )


def imported(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Announce imported keys: all to the team, and to each owner theirs."""
    count = int(entry.data.get("yours") or entry.data["count"])
    what = "1 API key" if count == 1 else f"{count:,} API keys"
    whose = " that you own" if "yours" in entry.data else ""
    when = format_time(entry.at, ", ")
    return message(sentence(person(entry.actor), f" imported {what}{whose}", when, "."))


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Pieces:
    pieces: Pieces = []
    for name, value in after.items():
        pieces += ["; ", f"{FIELD_NAMES.get(name, name)}: "]
        if name == "note":
            pieces[-1] = "another note"
            continue
        was = before.get(name)
        # An owner before may be leaving, and a mention would tell them.
        is_person = was and name in ("owner", "backup_owner")
        pieces += [person_by_name(str(was))] if is_person else _value(name, was)
        pieces += [" → ", *_value(name, value)]
    return _capital(pieces[1:])


def _capital(pieces: Pieces) -> Pieces:
    first, *rest = pieces
    return [first[0].upper() + first[1:] if isinstance(first, str) else first, *rest]


def _value(name: str, value: Any) -> Pieces:
    """Return a field's value as it is in the audit log, in words."""
    if name in ("owner", "backup_owner"):
        return [person(Actor.person(str(value)))] if value else ["no one"]
    if name == "expires_at":
        if not value:
            return ["never"]
        return [format_expiry(datetime.fromisoformat(str(value)), form=RECORDED)]
    if name == "scopes":
        scopes = value.split() if isinstance(value, str) else value or ()
        return [", ".join(MEANINGS.get(scope, scope) for scope in scopes) or "nothing"]
    if name == "networks":
        networks = value if isinstance(value, list) else str(value or "").split()
        # "None" would read as though no caller was allowed.
        return [text_element(clip(redact(", ".join(networks)), NOTE_MAX)) if networks else "any"]
    words = " ".join(value) if isinstance(value, list) else str(value or "")
    return [text_element(clip(redact(words), NOTE_MAX)) if words else "none"]


ANNOUNCEMENTS = {
    "key.issued": created,
    "key.edited": edited,
    "key.limited": limited,
    "key.renamed": renamed,
    "key.revoked": revoked,
    "keys.imported": imported,
}
