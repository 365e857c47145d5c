"""Messages about an export."""

from __future__ import annotations

from bot.ui.blocks import Message, message, section

COMMENT = "Everything about the keys of this team except tokens and hashes."


def on_its_way() -> Message:
    """Render the immediate reply."""
    text = "We'll send you the file in a direct message."
    return message(section(text))


def not_granted(command: str) -> Message:
    """Render that the optional scope was not granted.

    Args:
        command: the command that writes the same file.
    """
    return message(
        section(
            "The app may not send files here: the optional scope `files:write` was not granted."
        ),
        section(f"The command `{command}` writes the same file."),
    )
