"""The DM that carries a token, for each state of its delivery, and the modal that shows one."""

from __future__ import annotations

from dataclasses import dataclass

from bot.ui import ids
from bot.ui.blocks import (
    Message,
    View,
    actions,
    button,
    code_block,
    context,
    message,
    modal,
    name_of,
    section,
    sentence,
    text_element,
)
from bot.ui.payloads import ActionPayload
from keys.base.models import KeyView
from keys.base.policy import DeliveryWay
from keys.delivery.deliveries import DeliveryState, Purpose


@dataclass(frozen=True, slots=True)
class Carried:
    """What the message has in it while it carries a token.

    Attributes:
        text: the token; it stands alone in a code block, so that one double-click selects it.
        minutes: how long it stays there.
        url: the address of the API, for the example.
    """

    text: str
    minutes: int
    url: str


def delivery_message(
    key: KeyView,
    purpose: Purpose,
    method: DeliveryWay,
    state: DeliveryState,
    *,
    ref: ActionPayload | None = None,
    carried: Carried | None = None,
) -> Message:
    """Render the message of a delivery as it stands.

    Args:
        ref: says which delivery this is, for the buttons; needed while there are any.
        carried: the token, while it is in the message.
    """
    reveal = method is DeliveryWay.REVEAL
    if carried is not None and ref is not None:
        return _with_token(key, carried, ref)
    if state is DeliveryState.PENDING:
        if reveal and ref is not None:
            return _to_reveal(key, purpose, ref)
        return _placeholder(key, purpose)
    if state is DeliveryState.CANCELLED:
        if reveal:
            return _not_taken(key, purpose)
        return abandoned(key.name) if purpose is Purpose.NEW else _not_rotated(key)
    return _taken(key) if reveal else _removed(key)


def _placeholder(key: KeyView, purpose: Purpose) -> Message:
    """Render the empty message; the token is put into it once its place is recorded."""
    name = text_element(key.name, bold=True)
    if purpose is Purpose.ROTATION:
        return message(
            "A new token is being delivered.",
            sentence("A new token is being delivered, for ", name),
            context("If nothing follows within a minute, it was interrupted, and nothing changed."),
        )
    return message(
        "A key is being delivered.",
        sentence("A key is being delivered: ", name),
        context("If nothing follows within a minute, it was interrupted and no key was made."),
    )


def _to_reveal(key: KeyView, purpose: Purpose, ref: ActionPayload) -> Message:
    """Render the button that has the token made and shown."""
    what = "a new token for " if purpose is Purpose.ROTATION else "the token of "
    return message(
        "A token waits for you.",
        sentence("You can take ", what, name_of(key), "."),
        section("It is made when you press the button, and shown to you alone, once."),
        actions(button("Show the token", ids.REVEAL, ref, style="primary")),
        context("It waits for 24 hours. Have the place at hand where your program keeps secrets."),
    )


def token_shown(key: KeyView, text: str, url: str, ref: ActionPayload, purpose: Purpose) -> View:
    """Render the modal with the token; submitting it says that the recipient has it.

    Args:
        text: the token; it stands alone in a code block.
        ref: says which delivery this is, and which of the tokens that were made for it.
    """
    works = "It works once you press “I have it”."
    if purpose is Purpose.ROTATION:
        works += " The old token keeps working for a while."
    return modal(
        "Your token",
        ids.REVEAL_MODAL,
        [
            sentence("This is the token of ", name_of(key), "."),
            code_block(text),
            section(works),
            context("If you close this window, the button shows another one."),
            section("How a program uses it, with the token in the variable `API_KEY`:"),
            code_block(f'curl -H "Authorization: Bearer $API_KEY" {url}'),
        ],
        submit="I have it",
        close="Not now",
        ref=ref,
    )


def _taken(key: KeyView) -> Message:
    """Render the message with the button once the recipient has the token."""
    return message(
        "You have taken the token.",
        sentence("You have taken the token of ", name_of(key), ", and it works."),
        context(
            f"You recognise it by its hint `{key.hint}`. It cannot be shown again. If it is lost, "
            "ask an admin to rotate the key."
        ),
    )


def _with_token(key: KeyView, carried: Carried, ref: ActionPayload) -> Message:
    """Render the token, once."""
    return message(
        "Your new API key is ready. Open this message to copy its token.",
        sentence("This is the token of ", name_of(key), ". It cannot be shown again."),
        code_block(carried.text),
        section("Put it where your program keeps its secrets. A double-click selects it."),
        actions(button("I've stored it", ids.STORED, ref, style="primary")),
        context(f"The token removes itself from this message after {_minutes(carried.minutes)}."),
        section("How a program uses it, with the token in the variable `API_KEY`:"),
        code_block(f'curl -H "Authorization: Bearer $API_KEY" {carried.url}'),
    )


def _minutes(minutes: int) -> str:
    return "1 minute" if minutes == 1 else f"{minutes:,} minutes"


def _removed(key: KeyView) -> Message:
    """Render the message after the token has been removed from it."""
    return message(
        "The token was removed from this message. The key is unchanged.",
        sentence("The token of ", name_of(key), " was removed from this message."),
        context(
            f"You recognise it by its hint `{key.hint}`. Removing it here did not change the key. "
            "If the token is lost, the key can be rotated, which gives it another one."
        ),
    )


def abandoned(name: str) -> Message:
    """Render the message, or one of its own, when a new key never worked."""
    return message(
        "No key was made. Please make it again.",
        sentence("Making ", text_element(name, bold=True), " was interrupted, so no key was made."),
        section("No token that you may have seen for it works. Please make the key again."),
    )


def _not_taken(key: KeyView, purpose: Purpose) -> Message:
    """Render the message with the button when its time is over."""
    rotation = purpose is Purpose.ROTATION
    after = "The old token keeps working." if rotation else "So no key was made."
    return message(
        "The token was not collected.",
        sentence("The token of ", name_of(key), " was not collected within 24 hours."),
        section(f"{after} Ask an admin if you still need it."),
    )


def _not_rotated(key: KeyView) -> Message:
    """Render the message when the new token of a rotation never worked."""
    return message(
        "The token was not replaced.",
        sentence("Replacing the token of ", name_of(key), " was interrupted."),
        section("No new token that you may have seen for it works. The old one keeps working."),
    )
