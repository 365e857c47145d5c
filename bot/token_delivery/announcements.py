"""Announcements about a token that was not delivered, or not removed."""

from __future__ import annotations

from bot.framework.announcement import AdminIds, key_name
from bot.token_delivery import views
from bot.ui.blocks import Message, message, person, sentence, text_element
from keys.base.actors import Actor
from keys.changes.outbox import OutboxEntry
from keys.delivery.completion import NOT_TAKEN, RECIPIENT_LEFT


def cancelled(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Announce that a key was not created, as its token did not reach its recipient."""
    name = key_name(entry.data)
    which = text_element(name, bold=True)
    if entry.data.get("reason") == RECIPIENT_LEFT:
        text = sentence(
            "No key was created for ", which, ". The person who was to get its token is no longer "
            "a full member of this workspace. Create the key again for someone else.",
        )  # fmt: skip
        return message(text)
    if entry.data.get("reason") != NOT_TAKEN:
        return views.not_created(name)
    text = sentence(
        "The token of ", which, " was not collected within 24 hours, so no key was created."
    )
    return message(text)


def remained(entry: OutboxEntry, _admins: AdminIds) -> Message:
    """Announce that a token's message can neither be edited nor deleted."""
    which = text_element(key_name(entry.data), bold=True)
    who = person(Actor.read(str(entry.data["recipient"])))
    still = sentence("The token of ", which, " is still in the direct message to ", who, ".")
    then = "An admin should rotate the key." if entry.data["works"] else "The token does not work."
    why = sentence(f"Slack lets the app neither edit nor delete it. {then}")
    return message(still, why)


ANNOUNCEMENTS = {"key.abandoned": cancelled, "token.remained": remained}
