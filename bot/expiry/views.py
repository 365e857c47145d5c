"""The reminders of expiring keys, and the modal to extend one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from bot.ui import ids, inputs
from bot.ui.blocks import (
    Block,
    Element,
    Message,
    View,
    about,
    actions,
    button,
    context,
    expiry,
    format_expiry,
    message,
    modal,
    name_of,
    owned_by,
    person,
    result_modal,
    section,
    sentence,
)
from bot.ui.payloads import ActionPayload
from keys.base.models import KeyView

SHOWN_MOST = 10  # three blocks each are well within the 50 of a message


class Outcome(StrEnum):
    """What became of a key that was to expire, in words."""

    REVOKED = "revoked"
    MOVED = "with another expiry date"
    ACCEPTED = "left to expire"


@dataclass(frozen=True, slots=True)
class Shared:
    """Keys that expire at the same moment, and share a reminder.

    Attributes:
        waiting: those about which nobody has decided.
        decided: how many of the others there are, by what was decided.
    """

    expires_at: datetime
    waiting: Sequence[KeyView]
    decided: Counter[Outcome]


def reminder(key: KeyView, days: int, ref: ActionPayload | None) -> Message:
    """Render a reminder before the key expires.

    Args:
        ref: the payload of the buttons; None for a person who may not use them.
    """
    return message(
        sentence(name_of(key), f" expires {_ahead(days)}:", *_when(key), "."),
        _facts(key),
        context("If it is still needed, ask an admin to extend it.")
        if ref is None
        else _decisions(ref, key, is_over=False),
    )


def expired(key: KeyView, ref: ActionPayload | None) -> Message:
    """Render that the key has expired.

    Args:
        ref: as in `reminder`.
    """
    return message(
        sentence(name_of(key), " expired", *_when(key), ". Its token is refused."),
        _facts(key),
        context("If it is still needed, an admin can extend it, and the same token works again.")
        if ref is None
        else _decisions(ref, key, is_over=True),
    )


def shared(keys: Shared, days: int, ref: ActionPayload | None) -> Message:
    """Render the reminder of keys that expire together, while one of them waits for a decision.

    Args:
        days: how many days before the expiry; 0 if they have expired.
        ref: as in `reminder`; each row adds its key.
    """
    is_over, count = days == 0, len(keys.waiting)
    what = "1 API key" if count == 1 else f"{count:,} API keys"
    when = expiry(keys.expires_at, before=" ")
    if is_over:
        refused = "Its token is refused." if count == 1 else "Their tokens are refused."
        head = f"*{what} expired*{when}. {refused}"
    else:
        expire = "expires" if count == 1 else "expire"
        head = f"*{what} {expire} {_ahead(days)}:*{when}."
    blocks = [section(head)]
    for key in keys.waiting[:SHOWN_MOST]:
        blocks += [sentence(name_of(key)), _facts(key)]
        if ref is not None:
            blocks.append(_decisions(replace(ref, key=key.id), key, is_over=is_over))
    if more := max(count - SHOWN_MOST, 0):
        blocks.append(context(f"… and {more:,} more, which App Home lists."))
    if ref is None:
        blocks.append(context("If one is still needed, ask an admin to extend it."))
    return message(*blocks, *_so_far(keys))


def shared_settled(keys: Shared, *, is_over: bool) -> Message:
    """Render the same reminder when it has nothing left to decide."""
    count = len(keys.waiting) + keys.decided.total()
    expiring = len(keys.waiting) + keys.decided[Outcome.ACCEPTED]
    when = format_expiry(keys.expires_at, " ")
    if not expiring:
        head = sentence(f"None of {count:,} API keys expires", when, " any more.")
    elif is_over:
        head = sentence(f"{expiring:,} of {count:,} API keys expired", when, ".")
    else:
        verb = "expires" if expiring == 1 else "expire"
        head = sentence(f"{expiring:,} of {count:,} API keys {verb}", when, ".")
    return message(head, *_so_far(keys))


def _so_far(keys: Shared) -> list[Block]:
    counts = [f"{count:,} {what}" for what, count in sorted(keys.decided.items())]
    return [context(f"Decided: {', '.join(counts)}.")] if counts else []


def _decisions(ref: ActionPayload, key: KeyView, *, is_over: bool) -> Block:
    extend = button("Extend", ids.EXTEND, ref)
    if is_over:
        buttons = [extend, button("Revoke", ids.REVOKE, ref, style="danger")]
    else:
        rotate = button("Rotate", ids.ROTATE, ref)
        buttons = [rotate, extend, button("Let it expire", ids.LET_EXPIRE, ref)]
    return actions(*(about(key.name, each) for each in buttons))


def _ahead(days: int) -> str:
    return "within a day" if days == 1 else f"within {days} days"


def settled(key: KeyView, *, is_over: bool) -> Message:
    """Render the reminder when there is nothing left to decide.

    Args:
        is_over: whether the key has expired.
    """
    pieces: list[Element | str] = [name_of(key)]
    if key.revoked_at is not None:
        pieces.append(" was revoked")
        if key.revoked_by is not None:
            pieces += [" by ", person(key.revoked_by)]
    elif key.expires_at is None:
        pieces.append(" no longer expires")
    elif is_over:
        pieces += [" expired", *_when(key)]
    else:
        pieces += [" expires", *_when(key)]
    blocks: list[Block] = [sentence(*pieces, ".")]
    if key.expiry_accepted_by is not None and key.revoked_at is None:
        blocks.append(sentence(person(key.expiry_accepted_by), " decided to let it expire."))
    return message(*blocks)


def extend(
    key: KeyView,
    proposed: date | None,
    latest: date | None,
    ref: ActionPayload,
    *,
    is_over: bool = False,
) -> View:
    """Render the modal; `is_over` says that the key has expired."""
    blocks = [
        sentence(name_of(key), " expired" if is_over else " expires", *_when(key), "."),
        inputs.last_day(proposed, latest),
        context("Its token stays the same. To replace the token, rotate the key."),
    ]
    return modal("Extend API key", ids.EXTEND_MODAL, blocks, submit="Extend", ref=ref)


def extended(key: KeyView) -> View:
    """Render the result."""
    text = sentence(name_of(key), " works until", *_when(key), ".")
    if key.expires_at is None:
        text = sentence(name_of(key), " no longer expires.")
    return result_modal("Extended", [text])


def _when(key: KeyView) -> list[Element | str]:
    return [format_expiry(key.expires_at, " ")] if key.expires_at is not None else []


def _facts(key: KeyView) -> Block:
    return context(f"`{key.hint}` · {owned_by(key)}")
