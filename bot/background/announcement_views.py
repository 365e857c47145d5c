"""What the team's channel, or a person, is told of after a change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from bot.offboarding import views as offboard
from bot.reviews import views as audit
from bot.token_delivery import views as token
from bot.ui.blocks import (
    Block,
    Element,
    Message,
    clip,
    format_time,
    message,
    person,
    sentence,
    text_element,
)
from keys.base.actors import Actor
from keys.changes.outbox import OutboxEntry
from keys.credentials.tokens import redact
from keys.delivery.completion import NOT_TAKEN
from keys.inputs.names import NAME_MAX, NOTE_MAX
from keys.inputs.scopes import MEANINGS


class UnknownNotice(ValueError):
    """There are no words for a notice of this kind."""


def notice(due: OutboxEntry, admins: Sequence[str] = ()) -> Message:
    """The message of a notice.

    Args:
        admins: the ids of those who look after keys, where they have to be called.

    Raises:
        UnknownNotice: if no words exist for its kind.
    """
    if due.kind == "key.issued":
        return message("An API key was made.", _issued(due))
    if due.kind == "key.revoked":
        return message("An API key was revoked.", _revoked(due))
    if due.kind == "key.abandoned":
        if due.data.get("reason") == NOT_TAKEN:
            return message("A token was not collected.", _not_taken(due))
        return token.abandoned(_name(due.data))
    if due.kind == "keys.imported":
        return message("API keys were imported.", _imported(due))
    if due.kind in _AUDITS:
        fallback, blocks = _AUDITS[due.kind]
        return message(fallback, *blocks(due.data))
    if due.kind == "audit.escalated":
        fallback = "The audit of the API keys ends soon, and some have no answer."
        return message(fallback, *audit.escalated(due.data, admins))
    if due.kind == "offboarding.finished":
        return message("Every key of a person who leaves is handled.", _offboarded(due))
    if due.kind in _ROTATIONS:
        fallback, sentences = _ROTATIONS[due.kind]
        return message(fallback, sentences(due))
    if due.kind == "token.remained":
        return message("A token could not be removed from its message.", *_remained(due))
    raise UnknownNotice(due.kind)


def _issued(due: OutboxEntry) -> Block:
    may = ", ".join(MEANINGS.get(scope, scope) for scope in due.data.get("scopes", ()))
    owner = due.data.get("owner")
    answers: list[Element | str] = [" Owner: ", person(Actor.person(owner)), "."] if owner else []
    allowed = f". It may {may}." if may else "."
    return sentence(*_who_and_which(due, " made the key "), allowed, *answers)


def _revoked(due: OutboxEntry) -> Block:
    reason = clip(redact(str(due.data.get("reason") or "")), NOTE_MAX)
    why: list[Element | str] = [" Reason: ", text_element(reason)] if reason else []
    return sentence(*_who_and_which(due, " revoked the key "), ".", *why)


def _not_taken(due: OutboxEntry) -> Block:
    which = text_element(_name(due.data), bold=True)
    return sentence(
        "The token of ", which, " was not collected within 24 hours, so no key was made."
    )


def _remained(due: OutboxEntry) -> tuple[Block, Block]:
    which = text_element(_name(due.data), bold=True)
    who = person(Actor.read(str(due.data["recipient"])))
    still = sentence("The token of ", which, " is still in the direct message to ", who, ".")
    if not due.data["works"]:
        return still, sentence(
            "Slack lets the app neither edit nor delete it. The token does not work."
        )
    return still, sentence(
        "Slack lets the app neither edit nor delete it. An admin should rotate the key."
    )


def _imported(due: OutboxEntry) -> Block:
    count = int(due.data["count"])
    what = "1 API key" if count == 1 else f"{count:,} API keys"
    return sentence(person(due.actor), f" imported {what}", format_time(due.at, ", "), ".")


def _offboarded(due: OutboxEntry) -> Block:
    who = person(Actor.person(str(due.data["person"])))
    return sentence("Every key of ", who, " is handled: ", offboard.counts(due.data["keys"]), ".")


def _still_used(due: OutboxEntry) -> Block:
    ends = format_time(datetime.fromisoformat(str(due.data["ends_at"])), " ends ")
    hint = text_element(str(due.data["hint"]), code=True)
    which = text_element(_name(due.data), bold=True)
    return sentence(
        "The old token of ", which, ", ", hint, ",", ends, ", and a program still uses it. "
        "It needs the new one, or it is refused then.",
    )  # fmt: skip


def _old_ended(due: OutboxEntry) -> Block:
    which = text_element(_name(due.data), bold=True)
    hint = text_element(str(due.data["hint"]), code=True)
    return sentence(
        "The old token of ", which, ", ", hint, ", is refused now. The key itself still works."
    )


def _not_rotated(due: OutboxEntry) -> Block:
    which = text_element(_name(due.data), bold=True)
    return sentence("Rotating ", which, " was interrupted. The old token keeps working.")


_AUDITS: dict[str, tuple[str, Callable[[dict[str, Any]], list[Block]]]] = {
    "audit.finished": (
        "The audit of the API keys is over.",
        lambda data: audit.finished(data, "/apikeys"),
    ),
    "audit.revokes": ("API keys without an answer are going to be revoked.", audit.revokes),
    "digest.posted": ("What happened with API keys.", audit.digest),
}
_ROTATIONS: dict[str, tuple[str, Callable[[OutboxEntry], Block]]] = {
    "rotation.still_used": ("A program still uses an old token.", _still_used),
    "rotation.ended": ("An old token has ended.", _old_ended),
    "rotation.abandoned": ("A rotation was given up.", _not_rotated),
}


def _who_and_which(due: OutboxEntry, did: str) -> list[Element | str]:
    name = text_element(_name(due.data), bold=True)
    return [person(due.actor), did, name, format_time(due.at, ", ")]


def _name(data: dict[str, Any]) -> str:
    return clip(redact(str(data["name"])), NAME_MAX)
