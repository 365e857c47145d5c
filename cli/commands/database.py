"""`apikeys db …` and `apikeys status`: the database, and how the system stands."""

from __future__ import annotations

from pathlib import Path

import click

from cli.commands import options


@click.group()
def db() -> None:
    """Look after the database."""


@db.command("upgrade")
def upgrade_database() -> None:
    """Bring the database to the newest schema; however many do it at once, one does."""
    from cli.actions import database as actions

    actions.upgrade_database()


@db.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Copy the embedded database to FILE, whole and of one moment, also while it is in use."""
    from cli.actions import database as actions

    actions.backup(file)


@click.command()
@options.workspace
def status(workspace: str | None) -> None:
    """Say how the system stands: keys, gateways, and what waits to be said."""
    from cli.actions import database as actions

    actions.status(workspace)
