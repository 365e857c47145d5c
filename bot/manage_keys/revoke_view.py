"""Revoking a key: the question, and what the same message says afterwards."""

from __future__ import annotations

from bot.ui import ids
from bot.ui.blocks import (
    Element,
    Message,
    actions,
    button,
    context,
    date,
    escape,
    fields,
    format_time,
    message,
    name_of,
    owner_of,
    person,
    scopes_in_words,
    section,
    sentence,
    text_element,
)
from bot.ui.payloads import ActionPayload
from keys.base.models import KeyView
from keys.changes.gateways import LEASE_SECONDS
from keys.changes.operation import Outcome
from keys.changes.propagation import Propagation, describe, describe_pending

QUESTION = "Are you sure you want to revoke this API key?"


def confirmation(key: KeyView, ref: ActionPayload) -> Message:
    """The question. The buttons decide; no native dialog asks a second time."""
    facts = (
        ("Token", f"`{key.hint}`"),
        ("Scopes", scopes_in_words(key.scopes)),
        ("Owner", owner_of(key)),
        ("Last used", date(key.last_used_at)),
    )
    return message(
        QUESTION,
        section(f"*{QUESTION}*"),
        sentence(name_of(key)),
        fields(facts),
        section("Programs that use it are refused at their next request. This cannot be undone."),
        actions(
            button("Revoke", ids.REVOKE_CONFIRMED, ref, style="danger"),
            button("Cancel", ids.CANCEL, ref),
        ),
    )


def outcome(outcome: Outcome[KeyView]) -> Message:
    """What came of it: revoked now, or before."""
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
        sentence(name_of(key), " was revoked", *_by_whom(key), "."),
        context(f"{_refused(key, propagation)} This cannot be undone."),
    )


def followed(key: KeyView, propagation: Propagation) -> Message:
    """The message about gateways that took long to confirm, as it stands now."""
    if propagation.everywhere:
        said = "Every gateway that runs has confirmed it by now."
        return message(
            "A revocation is confirmed.",
            sentence(name_of(key), " was revoked", *_by_whom(key), "."),
            context(f"{said} One that stays silent for a minute is taken for stopped."),
        )
    return message(
        "A gateway has not confirmed a revocation.",
        sentence(name_of(key), " was revoked", *_by_whom(key), ", and a gateway is silent."),
        section(
            f"{escape(describe_pending(propagation))} Check that it runs. If it is cut off "
            f"from the database, it accepts no key after {LEASE_SECONDS} seconds."
        ),
        context("This message changes when that changes."),
    )


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


def already_revoked(key: KeyView) -> Message:
    """The message when the key was revoked before."""
    reason: list[Element | str] = []
    if key.revoked_reason:
        reason = [" Reason: ", text_element(key.revoked_reason)]
    return message(
        "The key had been revoked before.",
        sentence(name_of(key), " was already revoked", *_by_whom(key), ".", *reason),
        context(f"`{key.hint}` is refused. There is nothing left to do."),
    )


def kept(key: KeyView) -> Message:
    """The message after Cancel."""
    return message(
        "Cancelled. The key was not revoked.",
        sentence("Cancelled. ", name_of(key), " was not revoked."),
    )


def _by_whom(key: KeyView) -> list[Element | str]:
    pieces: list[Element | str] = []
    if key.revoked_by is not None:
        pieces += [" by ", person(key.revoked_by)]
    if key.revoked_at is not None:
        pieces.append(format_time(key.revoked_at, ", "))
    return pieces
