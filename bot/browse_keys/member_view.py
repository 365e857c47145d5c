"""What a member who is not an admin is shown: their guide, and what they can do instead."""

from __future__ import annotations

from collections.abc import Sequence

from bot.ui import ids, replies
from bot.ui.blocks import (
    Block,
    Message,
    actions,
    bullets,
    button,
    context,
    header,
    line,
    message,
    section,
    sentence,
    text_element,
)
from bot.ui.key_rows import Reader
from bot.ui.payloads import ActionPayload
from keys.base.models import KeyView

_TITLE = "How to use API keys here"


def help_message(command: str, ref: ActionPayload, reader: Reader) -> Message:
    """Render the answer to `help`; `command` is the slash command, such as `/apikeys`."""
    usages = [
        ("list [words]", "see the keys that you own"),
        ("show <name or id>", "everything about one of your keys"),
        ("request [name]", "ask for a key; an admin decides"),
    ]
    if reader.may_check:
        usages.append(("check", "find out what is wrong with a token of yours"))
    if reader.may_rotate:
        usages.append(("rotate <name or id>", "give one of your keys a new token"))
    usages.append(("help", "show this guide"))
    lines = [
        line(text_element(f"{command} {usage}", code=True), f" – {what}") for usage, what in usages
    ]
    buttons = [
        button("Ask for a key", ids.REQUEST, ref, style="primary"),
        button("Show my keys", ids.LIST, ref),
    ]
    if reader.may_check:
        buttons.append(button("Check my token", ids.CHECK, ref))
    return message(
        header(_TITLE),
        bullets(lines),
        context("Admins create, change and revoke keys."),
        actions(*buttons),
    )


def for_others(why: str) -> Message:
    """Render the answer to `help` for everyone else; `why` is a sentence of our own."""
    return message(header("API keys"), section(why))


def not_owned(typed: str, nearest: Sequence[KeyView], ref: ActionPayload) -> Message:
    """Render that the user owns no such key.

    Args:
        nearest: their keys with the most similar names.
        ref: names what is to be done with one.
    """
    blocks: list[Block] = [sentence("You don't own a key ", replies.quoted(typed), ".")]
    if nearest:
        blocks.append(section("Did you mean one of these?"))
        blocks += replies.candidates(nearest, ref)
    else:
        blocks.append(context("Only admins see the keys of others."))
    start = ActionPayload(ref.at)
    return message(
        *blocks,
        actions(
            button("Ask for a key", ids.REQUEST, start, style="primary"),
            button("Show my keys", ids.LIST, start),
        ),
    )


def no_check(ref: ActionPayload) -> Message:
    """Render that owners do not check tokens here."""
    return message(
        section("Only admins check tokens here. Ask one of them if a token does not work."),
        actions(
            button("Ask for a key", ids.REQUEST, ref, style="primary"),
            button("Show my keys", ids.LIST, ref),
        ),
    )
