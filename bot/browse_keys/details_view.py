"""The details of one key, and its history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.ui import ids, key_facts
from bot.ui.blocks import (
    Block,
    Element,
    Message,
    actions,
    bullets,
    button,
    clip,
    code,
    context,
    date,
    fields,
    format_time,
    line,
    mention,
    message,
    owner_of,
    person,
    scopes_in_words,
    section,
    sentence,
    state_in_words,
    text_element,
)
from bot.ui.inputs import FIELD_NAMES
from bot.ui.payloads import ActionPayload
from keys.base.models import Handover, HistoryEntry, KeyView, State
from keys.base.policy import DeliveryWay
from keys.credentials.tokens import redact

HISTORY_MAX = 20
HANDOVERS_MAX = 10
NETWORKS_MAX = 5
REASON_MAX = 100  # in the history, which may have many of them
_DONE = {
    "request.approved": "approved the request for it",
    "request.granted": "granted the request for it",
    "request.denied": "denied the request for it",
    "request.reopened": "reopened the request for it",
    "key.imported": "imported it",
    "key.reserved": "requested it",
    "key.issued": "activated it when its token was delivered",
    "key.abandoned": "cancelled it before it was activated",
    "key.renamed": "renamed it",
    "rotation.asked": "requested a new token",
    "key.rotated": "rotated it, and the new token works",
    "rotation.extended": "extended the old token",
    "rotation.still_used": "warned that the old token was still in use",
    "rotation.ended": "revoked the old token",
    "rotation.abandoned": "cancelled the rotation; the old token keeps working",
    "token.shown": "opened the token",
    "token.seen": "found its token in a message",
    "key.edited": "changed",
    "expiry.accepted": "chose to let it expire",
    "audit.kept": "kept it in an audit",
    "audit.owner_asked": "asked its owner in an audit",
    "offboarding.kept": "kept it in an offboarding",
    "key.limited": "changed its limits",
    "key.revoked": "revoked it",
    "token.remained": "could not remove the token from its message",
    "token.removed": "removed the token from its message",
}


def details(
    key: KeyView,
    history: Sequence[HistoryEntry],
    handovers: Sequence[Handover],
    now: datetime,
    ref: ActionPayload,
) -> Message:
    """Render the answer to `show`.

    Args:
        history: oldest first; the newest twenty are shown.
        handovers: who was sent the token, oldest first; the newest ten are shown.
        ref: the payload of all buttons; the key is added to it.
    """
    blocks = [sentence(text_element(key.name, bold=True)), fields(_facts(key, now))]
    if key.note:
        blocks.append(sentence(text_element("Note: ", bold=True), text_element(key.note)))
    if key.revoked_at is not None:
        blocks.append(_end(key))
    if handovers:
        blocks += [
            section("*Who was sent the token*"),
            bullets([_sent(h) for h in handovers[-HANDOVERS_MAX:]]),
        ]
    if history:
        blocks += _history(history)
    if key.state is State.ACTIVE:
        blocks.append(_buttons(replace(ref, key=key.id)))
    return message(*blocks)


def _facts(key: KeyView, now: datetime) -> list[tuple[str, str]]:
    used = date(key.last_used_at, never=key_facts.no_use(key))
    if key.last_used_at is not None and key.last_used_from:
        used += f", from {code(key.last_used_from)}"
    return [
        ("State", state_in_words(key, now)),
        ("Token", f"`{key.hint}`"),
        ("Scopes", scopes_in_words(key.scopes)),
        ("Owner", _owners(key)),
        ("Created", key_facts.full_origin(key)),
        ("Expires", date(key.expires_at)),
        ("Last used", used),
        ("Limits", _limits(key)),
        ("Id", f"`{key.id}`"),
    ]


def _owners(key: KeyView) -> str:
    backup = f", backup {mention(key.backup_owner)}" if key.backup_owner else ""
    return owner_of(key) + backup


def _limits(key: KeyView) -> str:
    rate = code(key.rate_limit) if key.rate_limit else "no rate limit"
    networks = ", ".join(map(code, key.networks[:NETWORKS_MAX])) or "anywhere"
    more = len(key.networks) - NETWORKS_MAX
    return f"{rate}, from {networks}" + (f" and {more} more" if more > 0 else "")


def _end(key: KeyView) -> Block:
    pieces: list[Element | str] = ["Revoked"]
    if key.revoked_by is not None:
        pieces += [" by ", person(key.revoked_by)]
    if key.revoked_at is not None:
        pieces.append(format_time(key.revoked_at, ", "))
    if key.revoked_reason:
        pieces += [". Reason: ", text_element(key.revoked_reason)]
    return sentence(*pieces)


def _sent(handover: Handover) -> Element:
    gone: Element | str = "; still in the message"
    if handover.recipient.kind == "operator":
        gone = ", on a terminal"
    elif handover.method is DeliveryWay.REVEAL:
        gone = ", shown once, never in a message"
    elif handover.removed_at is not None:
        gone = format_time(handover.removed_at, "; removed from the message ")
    return line(person(handover.recipient), format_time(handover.sent_at, ", "), gone)


def _history(history: Sequence[HistoryEntry]) -> list[Block]:
    blocks = [section("*History*"), bullets([_entry(e) for e in history[-HISTORY_MAX:]])]
    if len(history) > HISTORY_MAX:
        blocks.append(context(f"{len(history) - HISTORY_MAX:,} earlier entries are not shown."))
    return blocks


def _entry(entry: HistoryEntry) -> Element:
    what = _DONE.get(entry.kind, entry.kind)
    more: list[Element | str] = []
    if entry.kind == "key.renamed":
        more = [" from ", text_element(str(entry.data["from"]), bold=True), " to "]
        more.append(text_element(str(entry.data["to"]), bold=True))
    elif entry.kind == "key.edited":
        names = [FIELD_NAMES.get(name, name) for name in entry.data.get("to", ())]
        more = [" its " + " and ".join(names)] if names else []
    elif reason := str(entry.data.get("reason") or ""):
        more = [": ", text_element(clip(redact(reason), REASON_MAX))]
    return line(format_time(entry.at), ": ", person(entry.actor), f" {what}", *more)


def _buttons(ref: ActionPayload) -> Block:
    return actions(
        button("Rename", ids.RENAME, ref),
        button("Edit", ids.EDIT, ref),
        button("Rotate", ids.ROTATE, ref),
        button("Revoke", ids.REVOKE, ref, style="danger"),
    )
