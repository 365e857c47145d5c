"""Exporting: what is said while the file is on its way, and about it."""

from __future__ import annotations

from bot.ui.blocks import Message, message, section

COMMENT = (
    "Everything about the keys of this team, without anything that opens anything: neither tokens "
    "nor digests."
)


def on_its_way() -> Message:
    """The answer at once."""
    text = "The file comes to your direct messages with this app."
    return message(text, section(text))


def not_granted(command: str) -> Message:
    """The team has not given the optional scope.

    Args:
        command: what does the same at the command line.
    """
    return message(
        "The app may not send files here.",
        section(
            "The app may not send files here: the optional scope `files:write` was not granted."
        ),
        section(f"At the command line `{command}` writes the same file."),
    )
