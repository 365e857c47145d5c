"""`apikeys keys …`: for an operator with a shell, even if Slack is down or was never set up.

Changes are recorded as made by the operator of this machine, and announced once the bot is
connected.
"""

from __future__ import annotations

import click

from cli.commands import options
from keys.inputs.scopes import SCOPES


@click.group()
def keys() -> None:
    """Manage keys from a shell."""


@keys.command("list")
@click.argument("words", nargs=-1)
@options.workspace
def list_keys(words: tuple[str, ...], workspace: str | None) -> None:
    """List active keys whose name, note or id contains WORDS."""
    from cli.actions import keys as actions

    actions.list_keys(words, workspace)


@keys.command()
@click.argument("name")
@click.option("--scopes", default="read", show_default=True, help=f"From: {', '.join(SCOPES)}.")
@click.option("--owner", help="The Slack id of the key's owner, U…; Slack is not asked.")
@click.option("--note", default="", help="What the key is for.")
@click.option(
    "--expires", help="The last day on which the key works, such as 2027-01-31; or 'never'."
)
@options.workspace
def new(
    name: str, scopes: str, owner: str | None, note: str, expires: str | None, workspace: str | None
) -> None:
    """Create a key called NAME and print its token, once."""
    from cli.actions import keys as actions

    actions.new(name, scopes, owner, note, expires, workspace)


@keys.command()
@click.argument("name_or_id")
@click.option("--yes", is_flag=True, help="Revoke without asking. This is permanent.")
@click.option("--reason", default="", help="The reason, for the audit log.")
@options.workspace
def revoke(name_or_id: str, yes: bool, reason: str, workspace: str | None) -> None:
    """Revoke a key permanently."""
    from cli.actions import keys as actions

    actions.revoke(name_or_id, yes, reason, workspace)


@keys.command()
@click.argument("name_or_id")
@click.option("--rate", help="The rate limit, such as 100/minute; 'none' for no limit.")
@click.option(
    "--networks", help="The allowed networks, such as 10.1.0.0/16,192.0.2.7; 'any' for all."
)
@options.workspace
def limit(name_or_id: str, rate: str | None, networks: str | None, workspace: str | None) -> None:
    """Limit a key to a rate and to networks; omitted options stay unchanged."""
    from cli.actions import keys as actions

    actions.limit(name_or_id, rate, networks, workspace)


@keys.command()
@click.argument("name_or_id")
@click.argument("day")
@options.workspace
def expire(name_or_id: str, day: str, workspace: str | None) -> None:
    """Set the last DAY on which a key works, such as 2027-01-31; or 'never'."""
    from cli.actions import keys as actions

    actions.expire(name_or_id, day, workspace)


@keys.command()
@click.argument("name_or_id")
@options.workspace
def show(name_or_id: str, workspace: str | None) -> None:
    """Show a key and its history."""
    from cli.actions import keys as actions

    actions.show(name_or_id, workspace)
