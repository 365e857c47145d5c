"""The details of one key, and its history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.browse_keys import history_view
from bot.ui import ids, key_facts
from bot.ui.blocks import (
    DAY,
    Block,
    Element,
    Message,
    actions,
    button,
    code,
    context,
    date,
    expiry,
    fields,
    format_time,
    header,
    mention,
    message,
    owner_of,
    person,
    plain_user_text,
    scopes_in_words,
    sentence,
    state_in_words,
    text_element,
)
from bot.ui.key_rows import ADMIN, Reader
from bot.ui.payloads import ActionPayload
from keys.base.models import Handover, HistoryEntry, KeyView, State

NETWORKS_MAX = 5
_DAYS_IN_COLUMN = 2
_HEADER_MAX = 150  # Slack, header block


def details(
    key: KeyView,
    history: Sequence[HistoryEntry],
    handovers: Sequence[Handover],
    now: datetime,
    ref: ActionPayload,
    uses: Sequence[int] = (),
    reader: Reader = ADMIN,
) -> Message:
    """Render the answer to `show`.

    Args:
        history: oldest first; the newest twenty are shown.
        handovers: who was sent the token, oldest first; the newest ten are shown.
        ref: the payload of all buttons; the key is added to it.
        uses: the uses on each of the last 30 days, oldest first; empty without uses.
        reader: an admin, or the key's owner.
    """
    blocks = [title(key), *_use(key, uses, now), fields(_facts(key, now))]
    if key.note:
        blocks.append(sentence(text_element("Note: ", bold=True), text_element(key.note)))
    if key.revoked_at is not None:
        blocks.append(_end(key))
    blocks += history_view.seen_by(handovers, history, imported=key.imported)
    blocks += history_view.history(history)
    if key.state is State.ACTIVE:
        blocks += _buttons(replace(ref, key=key.id), reader)
    return message(*blocks)


def title(key: KeyView) -> Block:
    """Render a key's name as a heading, or in bold if Slack would not take it as one."""
    name = plain_user_text(key.name)
    if len(name["text"]) > _HEADER_MAX:
        return sentence(text_element(key.name, bold=True))
    return {"type": "header", "text": name}


def _use(key: KeyView, uses: Sequence[int], now: datetime) -> list[Block]:
    """Render how much a key was used, as a picture and in numbers."""
    last = date(key.last_used_at, before="last used ", never=key_facts.no_use(key))
    if key.last_used_at is not None and key.last_used_from:
        last += f", from {code(key.last_used_from)}"
    if not any(uses):
        last = f"{last[:1].upper()}{last[1:]}" if key.last_used_at is None else last
        return [context(last if key.last_used_at is None else f"Not used in 30 days · {last}")]
    most = max(uses)
    peak = now - timedelta(days=list(reversed(uses)).index(most))
    total = sum(uses)
    numbers = [
        f"*{total:,}* {'use' if total == 1 else 'uses'} in {len(uses)} days",
        f"{date(peak, DAY, before='most ')}: {most:,}",
        last,
    ]
    # A heading of thirty columns is wider than a phone.
    columns = [sum(uses[start : start + _DAYS_IN_COLUMN]) for start in _starts(uses)]
    return [header(key_facts.sparkline(columns)), context(" · ".join(numbers))]


def _starts(uses: Sequence[int]) -> range:
    return range(0, len(uses), _DAYS_IN_COLUMN)


def _facts(key: KeyView, now: datetime) -> list[tuple[str, str]]:
    return [
        ("State", state_in_words(key, now)),
        ("Token", f"`{key.hint}`"),
        ("Scopes", scopes_in_words(key.scopes)),
        ("Owner", _owners(key)),
        ("Created", key_facts.full_origin(key)),
        ("Expires", expiry(key.expires_at)),
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


def _buttons(ref: ActionPayload, reader: Reader) -> list[Block]:
    rotate = button("Rotate", ids.ROTATE, ref)
    if reader.owner is not None:
        own = [actions(rotate)] if reader.may_rotate else []
        return [*own, context("To change or revoke it, ask an admin.")]
    return [
        actions(
            button("Rename", ids.RENAME, ref),
            button("Edit", ids.EDIT, ref),
            rotate,
        ),
        {"type": "divider"},
        actions(button("Revoke", ids.REVOKE, ref, style="danger")),
    ]
