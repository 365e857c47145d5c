"""Reminders of keys that expire, and the modal to extend one."""

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
    format_time,
    message,
    modal,
    name_of,
    owner_of,
    person,
    result_modal,
    sentence,
)
from bot.ui.payloads import ActionPayload
from keys.base.models import KeyView


def reminder(key: KeyView, days: int, ref: ActionPayload) -> Message:
    """A reminder before the end."""
    ahead = "tomorrow or within a day" if days == 1 else f"within {days} days"
    return message(
        f"An API key expires {ahead}.",
        sentence(name_of(key), " expires", *_when(key), "."),
        _facts(key),
        actions(
            button("Rotate", ids.ROTATE, ref),
            button("Extend", ids.EXTEND, ref),
            button("Let it expire", ids.LET_EXPIRE, ref),
        ),
    )


def expired(key: KeyView, ref: ActionPayload) -> Message:
    """It has happened."""
    return message(
        "An API key has expired.",
        sentence(name_of(key), " expired", *_when(key), ". Its token is refused."),
        _facts(key),
        actions(
            button("Extend", ids.EXTEND, ref),
            button("Revoke", ids.REVOKE, ref, style="danger"),
        ),
    )


def settled(key: KeyView, *, is_over: bool) -> Message:
    """The same message when nothing is left to decide about that date.

    Args:
        is_over: whether the date has come.
    """
    pieces: list[Element | str] = [name_of(key)]
    if key.revoked_at is not None:
        pieces.append(" was revoked")
        if key.revoked_by is not None:
            pieces += [" by ", person(key.revoked_by)]
    elif key.expires_at is None:
        pieces.append(" does not expire any more")
    elif is_over:
        pieces += [" expired", *_when(key)]
    else:
        pieces += [" expires", *_when(key)]
    blocks: list[Block] = [sentence(*pieces, ".")]
    if key.expiry_accepted_by is not None and key.revoked_at is None:
        blocks.append(sentence(person(key.expiry_accepted_by), " lets it expire."))
    return message("About a key's date of expiry.", *blocks)


def extend(key: KeyView, proposed: date | None, latest: date | None, ref: ActionPayload) -> View:
    """The modal."""
    blocks = [
        sentence(name_of(key), " expires", *_when(key), "."),
        inputs.last_day(proposed, latest),
        context("Its token stays the same. To give it another one, rotate it."),
    ]
    return modal("Extend API key", ids.EXTEND_MODAL, blocks, submit="Extend", ref=ref)


def extended(key: KeyView) -> View:
    """The outcome."""
    text = sentence(name_of(key), " works until", *_when(key), ".")
    if key.expires_at is None:
        text = sentence(name_of(key), " does not expire any more.")
    return result_modal("Extended", [text])


def _when(key: KeyView) -> list[Element | str]:
    return [format_time(key.expires_at, " ")] if key.expires_at is not None else []


def _facts(key: KeyView) -> Block:
    return context(f"`{key.hint}` · owner {owner_of(key)}")
