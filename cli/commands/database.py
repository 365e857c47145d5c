"""`apikeys db …` and `apikeys status`: the database, and the state of the system."""

from __future__ import annotations

from pathlib import Path

import click

from cli.commands import options


@click.group()
def db() -> None:
    """Manage the database."""


@db.command("upgrade")
def upgrade_database() -> None:
    """Migrate the database to the newest schema; safe to run in several places at once."""
    from cli.actions import database as actions

    actions.upgrade_database()


@db.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Copy the embedded database to FILE consistently, even while it is in use."""
    from cli.actions import database as actions

    actions.backup(file)


@db.command("verify")
def verify_database() -> None:
    """Check that every row is as this program wrote it; exit with 1 if one is not."""
    from cli.actions import integrity as actions

    actions.verify_database()


@db.command("accept-restore")
@click.option("--reason", required=True, help="Why the database was restored, for the audit log.")
def accept_restore(reason: str) -> None:
    """Accept the audit log as it is, after you have restored an older backup."""
    from cli.actions import integrity as actions

    actions.accept_restore(reason)


@click.command()
@options.workspace
def status(workspace: str | None) -> None:
    """Show the state of keys, gateways and pending messages."""
    from cli.actions import database as actions

    actions.status(workspace)
