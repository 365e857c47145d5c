"""An admin's guide: all subcommands, and buttons for common tasks."""

from __future__ import annotations

from bot.ui import ids
from bot.ui.blocks import (
    Message,
    actions,
    bullets,
    button,
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
    ("request [name]", "ask another admin for a key"),
    ("help", "show this guide"),
)


def help_message(command: str, ref: ActionPayload) -> Message:
    """Render an admin's answer to `help`; `command` is the slash command, such as `/apikeys`."""
    usages = (
        line(text_element(f"{command} {usage}", code=True), f" – {what}")
        for usage, what in _COMMANDS
    )
    return message(
        header(_TITLE),
        bullets(list(usages)),
        actions(
            button("New key", ids.NEW, ref, style="primary"),
            button("List keys", ids.LIST, ref),
            button("Check a token", ids.CHECK, ref),
        ),
    )
