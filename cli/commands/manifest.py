"""`apikeys manifest`: what to paste into Slack."""

from __future__ import annotations

import click


@click.command()
@click.option(
    "--command",
    envvar="APIKEYS_COMMAND",
    show_envvar=True,
    default="/apikeys",
    show_default=True,
    help="The slash command's name, such as /keys-staging.",
)
def manifest(command: str) -> None:
    """Print the app's manifest, to paste into Slack."""
    from cli.actions import manifest as actions

    actions.show(command)
