"""A revoked key in words, wherever it was revoked: now or before, and which gateways know of it."""

from __future__ import annotations

from bot.ui.blocks import (
    Element,
    Message,
    context,
    escape,
    format_time,
    message,
    name_of,
    person,
    sentence,
    text_element,
)
from keys.base.models import KeyView
from keys.changes.gateways import LEASE_SECONDS
from keys.changes.operation import Outcome
from keys.changes.propagation import Propagation, describe


def outcome(outcome: Outcome[KeyView]) -> Message:
    """The message after a revocation: done now, or by someone before."""
    if not outcome.changed:
        return already_revoked(outcome.value)
    return revoked(outcome.value, outcome.propagation)


def revoked(key: KeyView, propagation: Propagation | None) -> Message:
    """The message after the key was revoked.

    Args:
        propagation: how many gateways know of it; None if they could not be asked.
    """
    return message(
        "The key was revoked.",
        sentence(name_of(key), " was revoked", *by_whom(key), "."),
        context(f"{_refused(key, propagation)} This cannot be undone."),
    )


def already_revoked(key: KeyView) -> Message:
    """The message when the key had been revoked before."""
    reason: list[Element | str] = []
    if key.revoked_reason:
        reason = [" Reason: ", text_element(key.revoked_reason)]
    return message(
        "The key had been revoked before.",
        sentence(name_of(key), " was already revoked", *by_whom(key), ".", *reason),
        context(f"`{key.hint}` is refused. There is nothing left to do."),
    )


def by_whom(key: KeyView) -> list[Element | str]:
    """By whom and when a key was revoked, as the end of a sentence."""
    pieces: list[Element | str] = []
    if key.revoked_by is not None:
        pieces += [" by ", person(key.revoked_by)]
    if key.revoked_at is not None:
        pieces.append(format_time(key.revoked_at, ", "))
    return pieces


def _refused(key: KeyView, propagation: Propagation | None) -> str:
    hint = f"`{key.hint}`"
    if propagation is None:
        return f"{hint} is refused from now on. The gateways could not be asked whether they know."
    said = escape(describe(propagation))
    if propagation.everywhere:
        return f"{hint} is refused from now on. {said}"
    return (
        f"{hint} is refused wherever gateways confirmed it. {said} A gateway that is cut off from "
        f"the database accepts no key after {LEASE_SECONDS} seconds. It is watched, and you will "
        "hear of it."
    )
