"""The question whether to revoke a key, and the message that replaces it."""

from __future__ import annotations

from bot.ui import ids, key_facts
from bot.ui.blocks import (
    Message,
    actions,
    button,
    context,
    date,
    escape,
    fields,
    message,
    name_of,
    owner_of,
    scopes_in_words,
    section,
    sentence,
)
from bot.ui.payloads import ActionPayload
from bot.ui.revocation import by_whom
from keys.base.models import KeyView
from keys.changes.gateways import LEASE_SECONDS
from keys.changes.propagation import Propagation, describe_pending

QUESTION = "Are you sure you want to revoke this API key?"


def confirmation(key: KeyView, ref: ActionPayload) -> Message:
    """Render the question. Its buttons decide; no native dialog asks a second time."""
    never = key_facts.no_use(key) if key.imported else "never"
    facts = (
        ("Token", f"`{key.hint}`"),
        ("Scopes", scopes_in_words(key.scopes)),
        ("Owner", owner_of(key)),
        ("Last used", date(key.last_used_at, never=never)),
    )
    return message(
        section(f"*{QUESTION}*"),
        sentence(name_of(key)),
        fields(facts),
        section("Programs that use it are refused at their next request. This cannot be undone."),
        actions(
            button("Revoke", ids.REVOKE_CONFIRMED, ref, style="danger"),
            button("Cancel", ids.CANCEL, ref),
        ),
    )


def followed(key: KeyView, propagation: Propagation) -> Message:
    """Render the message about gateways that are slow to confirm."""
    if propagation.everywhere:
        return message(
            sentence(name_of(key), " was revoked", *by_whom(key), "."),
            context(
                "Every running gateway has confirmed it. One that is silent for a minute counts as "
                "stopped."
            ),
        )
    return message(
        sentence(
            name_of(key), " was revoked", *by_whom(key), ", and a gateway has not confirmed it."
        ),
        section(
            f"{escape(describe_pending(propagation))} Check that it is running. If it is cut off "
            f"from the database, it accepts no key after {LEASE_SECONDS} seconds."
        ),
        context("This message updates itself."),
    )


def kept(key: KeyView) -> Message:
    """Render the message after Cancel."""
    return message(
        sentence("Cancelled. ", name_of(key), " was not revoked."),
    )
