"""The reminders of expiring keys, and the modal to extend one."""

from __future__ import annotations

from datetime import date

from bot.ui import ids, inputs
from bot.ui.blocks import (
    Block,
    Element,
    Message,
    View,
    actions,
    button,
    context,
    format_expiry,
    message,
    modal,
    name_of,
    owned_by,
    person,
    result_modal,
    sentence,
)
from bot.ui.payloads import ActionPayload
from keys.base.models import KeyView


def reminder(key: KeyView, days: int, ref: ActionPayload | None) -> Message:
    """Render a reminder before the key expires.

    Args:
        ref: the payload of the buttons; None for a person who may not use them.
    """
    ahead = "within a day" if days == 1 else f"within {days} days"
    return message(
        sentence(name_of(key), f" expires {ahead}:", *_when(key), "."),
        _facts(key),
        context("If it is still needed, ask an admin to extend it.")
        if ref is None
        else actions(
            button("Rotate", ids.ROTATE, ref),
            button("Extend", ids.EXTEND, ref),
            button("Let it expire", ids.LET_EXPIRE, ref),
        ),
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
        else actions(
            button("Extend", ids.EXTEND, ref),
            button("Revoke", ids.REVOKE, ref, style="danger"),
        ),
    )


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
