"""`apikeys manifest`: what to paste into Slack."""

from __future__ import annotations

from cli.bootstrap.manifest import with_command
from cli.terminal import Failure, say_lines
from settings.command import read_command


def show(command: str) -> None:
    """Print the app's manifest with this slash command. Raises Failure for a wrong name."""
    try:
        name = read_command(command)
    except ValueError as error:
        raise Failure(f"--command {error}.") from error
    say_lines(with_command(name).rstrip("\n"))
