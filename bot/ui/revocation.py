"""Messages about a revoked key: revoked now or before, and which gateways have confirmed it."""

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
    """Render the message after a revocation, also if the key had been revoked before."""
    if not outcome.changed:
        return already_revoked(outcome.value)
    return revoked(outcome.value, outcome.propagation)


def revoked(key: KeyView, propagation: Propagation | None) -> Message:
    """Render the message after the key was revoked.

    Args:
        propagation: how many gateways have confirmed it; None if that could not be read.
    """
    return message(
        sentence(name_of(key), " was revoked", *by_whom(key), "."),
        context(f"{_refused(key, propagation)} This cannot be undone."),
    )


def already_revoked(key: KeyView) -> Message:
    """Render the message if the key had been revoked before."""
    reason: list[Element | str] = []
    if key.revoked_reason:
        reason = [" Reason: ", text_element(key.revoked_reason)]
    return message(
        sentence(name_of(key), " was already revoked", *by_whom(key), ".", *reason),
        context(f"`{key.hint}` is refused. Nothing else is needed."),
    )


def by_whom(key: KeyView) -> list[Element | str]:
    """Return who revoked a key, and when, as the end of a sentence."""
    pieces: list[Element | str] = []
    if key.revoked_by is not None:
        pieces += [" by ", person(key.revoked_by)]
    if key.revoked_at is not None:
        pieces.append(format_time(key.revoked_at, ", "))
    return pieces


def _refused(key: KeyView, propagation: Propagation | None) -> str:
    hint = f"`{key.hint}`"
    if propagation is None:
        return f"{hint} is refused from now on. Whether the gateways know could not be checked."
    confirmed = escape(describe(propagation))
    if propagation.everywhere:
        return f"{hint} is refused from now on. {confirmed}"
    return (
        f"{hint} is refused by every gateway that has confirmed it. {confirmed} A gateway that is "
        f"cut off from the database accepts no key after {LEASE_SECONDS} seconds. We'll message "
        "you when that changes."
    )
