"""The DM that carries a token: before, while and after it does."""

from __future__ import annotations

from bot.blocks import ids
from bot.blocks.parts import (
    Message,
    actions,
    button,
    code_block,
    context,
    message,
    name_of,
    section,
    sentence,
    words,
)
from bot.refs import Ref
from keys.values import KeyView


def envelope(name: str) -> Message:
    """Posted first, empty: the token is put into it once the key is written down."""
    return message(
        "A key is on its way.",
        sentence("A key is on its way: ", words(name, bold=True)),
        context("If nothing follows within a minute, it was interrupted and no key was made."),
    )


def token(key: KeyView, text: str, minutes: int, url: str, ref: Ref) -> Message:
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
            "If the token is lost, revoke the key and make a new one."
        ),
    )


def abandoned(name: str) -> Message:
    """The same message, or one of its own, when the key never came to work."""
    return message(
        "No key was made. Please make it again.",
        sentence("Making ", words(name, bold=True), " was interrupted, so no key was made."),
        section("No token that you may have seen for it works. Please make the key again."),
    )
