"""The history of a key: each change with the values before and after it, and who saw its tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.ui.blocks import (
    RECORDED,
    Block,
    Element,
    bullets,
    clip,
    context,
    format_expiry,
    format_time,
    line,
    person,
    section,
    text_element,
)
from bot.ui.inputs import FIELD_NAMES
from keys.base.models import Handover, HistoryEntry
from keys.base.policy import DeliveryWay
from keys.credentials.tokens import redact

HISTORY_MAX = 20
HANDOVERS_MAX = 10
REASON_MAX = 100  # in the history, which may have many of them
VALUE_MAX = 60
# What each kind of event did to a key; a test holds that none is missing.
WORDS = {
    "request.approved": "approved the request for it",
    "request.granted": "granted the request for it",
    "request.denied": "denied the request for it",
    "request.reopened": "reopened the request for it",
    "key.imported": "imported it",
    "key.reserved": "created it",
    "key.issued": "activated it by delivering its token",
    "key.abandoned": "cancelled it before it was activated",
    "key.renamed": "renamed it",
    "key.edited": "changed it",
    "key.limited": "changed its limits",
    "key.revoked": "revoked it",
    "rotation.asked": "requested a new token",
    "key.rotated": "rotated it, and the new token works",
    "rotation.extended": "extended the old token",
    "rotation.still_used": "warned that the old token was still in use",
    "rotation.ended": "revoked the old token",
    "rotation.abandoned": "cancelled the rotation; the old token keeps working",
    "token.shown": "opened the token",
    "token.seen": "found its token in a message",
    "token.remained": "could not remove the token from its message",
    "token.removed": "removed the token from its message",
    "expiry.accepted": "chose to let it expire",
    "audit.kept": "kept it in an audit",
    "audit.keep_undone": "undid the decision to keep it",
    "audit.owner_asked": "asked its owner in an audit",
    "offboarding.kept": "kept it in an offboarding",
    "person.renumbered": "replaced its owner’s user id, as Slack did",
}
_NONE = {
    "owner": "no owner",
    "backup_owner": "no one",
    "expires_at": "no expiry date",
    "networks": "anywhere",
}
# The words before the time in an event's data.
_UNTIL = {"rotation.extended": " until ", "key.rotated": "; the old one works until "}


def history(entries: Sequence[HistoryEntry]) -> list[Block]:
    """Render a key's history, oldest first; the newest twenty entries are shown."""
    if not entries:
        return []
    blocks = [section("*History*"), bullets([_entry(each) for each in entries[-HISTORY_MAX:]])]
    if len(entries) > HISTORY_MAX:
        blocks.append(context(f"{len(entries) - HISTORY_MAX:,} earlier entries are not shown."))
    return blocks


def seen_by(
    handovers: Sequence[Handover], entries: Sequence[HistoryEntry], *, imported: bool
) -> list[Block]:
    """Render who has seen a token of a key; the newest ten are shown.

    Args:
        handovers: who was sent a token, oldest first.
        entries: the key's history, which has the messages that a token was found in.
        imported: whether its first token was made in another system.
    """
    seen = [(each.sent_at, _sent(each)) for each in handovers]
    seen += [(each.at, _found(each)) for each in entries if each.kind == "token.seen"]
    lines = [entry for _, entry in sorted(seen, key=lambda each: each[0])][-HANDOVERS_MAX:]
    if imported:
        lines.insert(0, line("People who had it before the import: it was made elsewhere"))
    return [section("*Who has seen a token*"), bullets(lines)] if lines else []


def _sent(handover: Handover) -> Element:
    gone: Element | str = "; still in the message"
    if handover.recipient.kind == "operator":
        gone = ", on a terminal"
    elif handover.method is DeliveryWay.REVEAL:
        gone = ", shown once, never in a message"
    elif handover.removed_at is not None:
        gone = format_time(handover.removed_at, "; removed from the message ")
    return line(person(handover.recipient), format_time(handover.sent_at, ", "), gone)


def _found(entry: HistoryEntry) -> Element:
    channel = str(entry.data.get("channel") or "")
    where: list[Element | str] = (
        ["Everyone in ", {"type": "channel", "channel_id": channel}]
        if channel
        else ["The readers of a message"]
    )
    return line(*where, format_time(entry.at, ", found "))


def _entry(entry: HistoryEntry) -> Element:
    what = WORDS.get(entry.kind, entry.kind)
    return line(format_time(entry.at), ": ", person(entry.actor), f" {what}", *_more(entry))


def _more(entry: HistoryEntry) -> list[Element | str]:
    data = entry.data
    if entry.kind == "key.renamed":
        old, new = (str(data.get(name) or "?") for name in ("from", "to"))
        return [": ", text_element(old, bold=True), " → ", text_element(new, bold=True)]
    if entry.kind == "key.edited":
        return _changes(data.get("from"), data.get("to"))
    if entry.kind == "key.limited":
        after = {name: data[name] for name in ("rate_limit", "networks") if name in data}
        return _changes(data.get("from"), after)
    if reason := str(data.get("reason") or ""):
        return [": ", text_element(clip(redact(reason), REASON_MAX))]
    if entry.kind in _UNTIL and (at := _time(data.get("ends_at"))) is not None:
        return [format_time(at, _UNTIL[entry.kind])]
    return []


def _changes(before: Any, after: Any) -> list[Element | str]:
    """Render each changed field; an entry of an earlier version may lack the values before."""
    if not isinstance(after, Mapping):
        return []
    old = before if isinstance(before, Mapping) else {}
    pieces: list[Element | str] = []
    for name, value in after.items():
        if name in old and old[name] == value:
            continue
        pieces.append(f"{'; ' if pieces else ': '}{FIELD_NAMES.get(str(name), 'value')} ")
        if name in old:
            pieces += [_value(str(name), old[name]), " → "]
        pieces.append(_value(str(name), value))
    return pieces


def _value(name: str, value: Any) -> Element | str:
    if not value:
        return _NONE.get(name, "none")
    if name in ("owner", "backup_owner"):
        return {"type": "user", "user_id": str(value)}
    if name == "expires_at" and (at := _time(value)) is not None:
        return format_expiry(at, form=RECORDED)
    words = value if isinstance(value, list) else str(value).split()
    separator = ", " if name in ("scopes", "networks") else " "
    text = clip(redact(separator.join(map(str, words))), VALUE_MAX)
    return text_element(f"“{text}”" if name == "note" else text)


def _time(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None
