"""The DM that carries a token: before, while and after it does."""

from __future__ import annotations

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


def placeholder_message(name: str, *, rotated: bool = False) -> Message:
    """Posted first, empty: the token is put into it once the key is written down."""
    if rotated:
        return message(
            "A new token is being delivered.",
            sentence("A new token is being delivered, for ", text_element(name, bold=True)),
            context("If nothing follows within a minute, it was interrupted, and nothing changed."),
        )
    return message(
        "A key is being delivered.",
        sentence("A key is being delivered: ", text_element(name, bold=True)),
        context("If nothing follows within a minute, it was interrupted and no key was made."),
    )


def reveal_message(key: KeyView, rotated: bool, ref: ActionPayload) -> Message:
    """The message with the button that has the token made and shown."""
    what = "a new token for " if rotated else "the token of "
    return message(
        "A token waits for you.",
        sentence("You can take ", what, name_of(key), "."),
        section("It is made when you press the button, and shown to you alone, once."),
        actions(button("Show the token", ids.REVEAL, ref, style="primary")),
        context("It waits for 24 hours. Have the place at hand where your program keeps secrets."),
    )


def shown(key: KeyView, text: str, url: str, ref: ActionPayload, *, rotated: bool) -> View:
    """The modal with the token; submitting it says that the person has it.

    Args:
        text: the token; it stands alone in a code block.
        ref: says which delivery this is, and which of the tokens that were made for it.
    """
    if rotated:
        until = section(
            "It works once you press “I have it”. The old one then keeps working for a while."
        )
    else:
        until = section("It works once you press “I have it”.")
    return modal(
        "Your token",
        ids.REVEAL_MODAL,
        [
            sentence("This is the token of ", name_of(key), "."),
            code_block(text),
            until,
            context("If you close this window, the button shows another one."),
            section("How a program uses it, with the token in the variable `API_KEY`:"),
            code_block(f'curl -H "Authorization: Bearer $API_KEY" {url}'),
        ],
        submit="I have it",
        close="Not now",
        ref=ref,
    )


def taken(key: KeyView) -> Message:
    """The message with the button once the person has the token."""
    return message(
        "You have taken the token.",
        sentence("You have taken the token of ", name_of(key), ", and it works."),
        context(
            f"You recognise it by its hint `{key.hint}`. It cannot be shown again. If it is lost, "
            "ask an admin to rotate the key."
        ),
    )


def token(key: KeyView, text: str, minutes: int, url: str, ref: ActionPayload) -> Message:
    """The token, once.

    Args:
        key: whose token it is.
        text: the token; it stands alone in a code block, so that one double-click selects it.
        minutes: how long it stays there.
        url: the address of the API, for the example.
        ref: says which delivery this is.
    """
    return message(
        "Your new API key is ready. Open this message to copy its token.",
        sentence("This is the token of ", name_of(key), ". It cannot be shown again."),
        code_block(text),
        section("Put it where your program keeps its secrets. A double-click selects it."),
        actions(button("I've stored it", ids.STORED, ref, style="primary")),
        context(f"The token removes itself from this message after {_minutes(minutes)}."),
        section("How a program uses it, with the token in the variable `API_KEY`:"),
        code_block(f'curl -H "Authorization: Bearer $API_KEY" {url}'),
    )


def _minutes(minutes: int) -> str:
    return "1 minute" if minutes == 1 else f"{minutes:,} minutes"


def removed(key: KeyView) -> Message:
    """The same message after the token has gone from it."""
    return message(
        "The token was removed from this message. The key is unchanged.",
        sentence("The token of ", name_of(key), " was removed from this message."),
        context(
            f"You recognise it by its hint `{key.hint}`. Removing it here did not change the key. "
            "If the token is lost, the key can be rotated, which gives it another one."
        ),
    )


def abandoned(name: str) -> Message:
    """The same message, or one of its own, when the key never came to work."""
    return message(
        "No key was made. Please make it again.",
        sentence("Making ", text_element(name, bold=True), " was interrupted, so no key was made."),
        section("No token that you may have seen for it works. Please make the key again."),
    )


def not_taken(key: KeyView, *, rotated: bool) -> Message:
    """The message with the button when its time is over."""
    after = "The old token keeps working as before." if rotated else "So no key was made."
    return message(
        "The token was not collected.",
        sentence("The token of ", name_of(key), " was not collected within 24 hours."),
        section(f"{after} Ask an admin if you still need it."),
    )


def not_rotated(key: KeyView) -> Message:
    """The same message when the new token of a rotation never came to work."""
    return message(
        "The token was not replaced.",
        sentence("Replacing the token of ", name_of(key), " did not come to its end."),
        section(
            "No new token that you may have seen for it works. The old one keeps working as before."
        ),
    )
