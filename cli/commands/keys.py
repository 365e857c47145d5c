"""`apikeys keys …`: for an operator with a shell, also when Slack is down or was never set up.

What is done here is recorded as done by the operator of this machine, and the team is told once
the bot is connected.
"""

from __future__ import annotations

import click

from cli.commands import options
from keys.inputs.scopes import SCOPES


@click.group()
def keys() -> None:
    """Look after keys from a shell."""


@keys.command("list")
@click.argument("words", nargs=-1)
@options.workspace
def list_keys(words: tuple[str, ...], workspace: str | None) -> None:
    """List active keys; WORDS must occur in their name, note or id."""
    from cli.actions import keys as actions

    actions.list_keys(words, workspace)


@keys.command()
@click.argument("name")
@click.option("--scopes", default="read", show_default=True, help=f"From: {', '.join(SCOPES)}.")
@click.option("--owner", help="The Slack id of the key's owner, U….")
@click.option("--note", default="", help="What the key is for.")
@click.option("--expires", help="The last day on which it works, such as 2027-01-31; or 'never'.")
@options.workspace
def new(
    name: str, scopes: str, owner: str | None, note: str, expires: str | None, workspace: str | None
) -> None:
    """Make a key called NAME and print its token, once."""
    from cli.actions import keys as actions

    actions.new(name, scopes, owner, note, expires, workspace)


@keys.command()
@click.argument("name_or_id")
@click.option("--yes", is_flag=True, help="Do not ask. Revoking is permanent.")
@click.option("--reason", default="", help="Why, for the record.")
@options.workspace
def revoke(name_or_id: str, yes: bool, reason: str, workspace: str | None) -> None:
    """Revoke a key for good."""
    from cli.actions import keys as actions

    actions.revoke(name_or_id, yes, reason, workspace)


@keys.command()
@click.argument("name_or_id")
@click.option("--rate", help="How often it may be used, such as 100/minute; 'none' for any number.")
@click.option("--networks", help="Where from, such as 10.1.0.0/16,192.0.2.7; 'any' for anywhere.")
@options.workspace
def limit(name_or_id: str, rate: str | None, networks: str | None, workspace: str | None) -> None:
    """Hold a key to a rate and to networks; what is not named stays as it is."""
    from cli.actions import keys as actions

    actions.limit(name_or_id, rate, networks, workspace)


@keys.command()
@click.argument("name_or_id")
@options.workspace
def show(name_or_id: str, workspace: str | None) -> None:
    """Show everything about a key, and its history."""
    from cli.actions import keys as actions

    actions.show(name_or_id, workspace)
