"""The guide: what can be typed, and buttons for the common tasks."""

from __future__ import annotations

from bot.ui import ids
from bot.ui.blocks import (
    Message,
    actions,
    bullets,
    button,
    context,
    header,
    line,
    message,
    text_element,
)
from bot.ui.payloads import ActionPayload

_TITLE = "How to look after API keys"
_COMMANDS = (
    ("new [name]", "make a key"),
    ("list [words]", "look through the active keys"),
    ("show <name or id>", "everything about one key, and its history"),
    ("rename <name or id> [new name]", "give a key another name; its token stays"),
    ("edit <name or id>", "change its scopes, owner, limits or date of expiry"),
    ("rotate <name or id>", "give a key a new token; the old one keeps working for a while"),
    ("revoke <name or id>", "end a key for good; its token is refused"),
    ("check", "find out what is wrong with a token"),
    ("offboard <@person>", "go through the keys of a person who leaves"),
    ("audit [start, status or export]", "go through all keys, and have the evidence"),
    ("export [csv or json]", "everything about the keys as a file, without their tokens"),
    ("request [name]", "ask for a key, if you are no admin"),
    ("help", "this guide"),
)


def help_message(command: str, ref: ActionPayload, *, may_change: bool) -> Message:
    """The answer to `help`.

    Args:
        command: the slash command as people type it, such as `/apikeys`.
        may_change: whether the reader is an admin; others get the words, but no buttons.
    """
    usages = (
        line(text_element(f"{command} {usage}", code=True), f" – {what}")
        for usage, what in _COMMANDS
    )
    blocks = [header(_TITLE), bullets(list(usages))]
    if may_change:
        blocks.append(
            actions(
                button("New key", ids.NEW, ref, style="primary"),
                button("List keys", ids.LIST, ref),
                button("Check a token", ids.CHECK, ref),
            )
        )
    else:
        blocks += [
            context("Only admins look after keys here."),
            actions(button("Ask for a key", ids.REQUEST, ref, style="primary")),
        ]
    return message(_TITLE, *blocks)
