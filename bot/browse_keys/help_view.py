"""The guide: all subcommands, and buttons for common tasks."""

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

_TITLE = "How to manage API keys"
_COMMANDS = (
    ("new [name]", "create a key"),
    ("list [words]", "browse the active keys"),
    ("show <name or id>", "everything about one key, and its history"),
    ("rename <name or id> [new name]", "rename a key; its token stays the same"),
    ("edit <name or id>", "change its scopes, owner, limits or expiry date"),
    ("rotate <name or id>", "give a key a new token; the old one keeps working for a while"),
    ("revoke <name or id>", "revoke a key permanently"),
    ("check", "find out what is wrong with a token"),
    ("offboard <@person>", "review the keys of someone who leaves"),
    ("audit [start, status or export]", "review all keys, and get a signed report"),
    ("export [csv or json]", "export everything about the keys except their tokens"),
    ("request [name]", "request a key, if you are not an admin"),
    ("help", "show this guide"),
)


def help_message(command: str, ref: ActionPayload, *, may_change: bool) -> Message:
    """Render the answer to `help`.

    Args:
        command: the slash command as people type it, such as `/apikeys`.
        may_change: whether the reader is an admin, who gets buttons for their tasks.
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
            context("Only admins manage keys here."),
            actions(button("Ask for a key", ids.REQUEST, ref, style="primary")),
        ]
    return message(*blocks)
