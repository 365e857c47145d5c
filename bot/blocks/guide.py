"""The guide: what can be typed, and buttons for the common tasks."""

from __future__ import annotations

from bot.blocks import ids
from bot.blocks.parts import Message, actions, button, context, header, message, section
from bot.refs import Ref

_COMMANDS = (
    ("new [name]", "make a key"),
    ("list [words]", "look through the active keys"),
    ("show <name or id>", "everything about one key, and its history"),
    ("rename <name or id> [new name]", "give a key another name; its token stays"),
    ("revoke <name or id>", "end a key for good; its token is refused"),
    ("help", "this guide"),
)


def guide(command: str, ref: Ref, *, may_change: bool) -> Message:
    """The answer to `help`.

    Args:
        command: the slash command as people type it, such as `/apikeys`.
        may_change: whether the reader is an admin; others get the words, but no buttons.
    """
    lines = "\n".join(f"• `{command} {_typed(usage)}` – {what}" for usage, what in _COMMANDS)
    blocks = [header("How to look after API keys"), section(lines)]
    if may_change:
        new = button("New key", ids.NEW, ref, style="primary")
        blocks.append(actions(new, button("List keys", ids.LIST, ref)))
    else:
        blocks.append(context("Only admins look after keys here. Ask one of them for a key."))
    return message("How to look after API keys", *blocks)


def _typed(usage: str) -> str:
    return usage.replace("<", "&lt;").replace(">", "&gt;")
