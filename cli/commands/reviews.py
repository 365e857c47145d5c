"""`apikeys audit …`: the evidence of audits, written down and checked."""

from __future__ import annotations

from pathlib import Path

import click

from cli.commands import options


@click.group()
def audit() -> None:
    """The evidence of audits."""


@audit.command()
@options.workspace
def status(workspace: str | None) -> None:
    """Say how far the newest audit is."""
    from cli.actions import reviews as actions

    actions.status(workspace)


@audit.command()
@click.option(
    "--format", "form", type=click.Choice(["json", "csv"]), default="json", show_default=True
)
@click.option("--audit", "audit_id", help="An audit's id; else the newest.")
@click.option("--output", type=click.Path(path_type=Path), help="A file; else it is printed.")
@options.workspace
def export(form: str, audit_id: str | None, output: Path | None, workspace: str | None) -> None:
    """Write down the evidence of an audit; as JSON it is signed."""
    from cli.actions import reviews as actions

    actions.export(form, audit_id, output, workspace)


@audit.command()
def key() -> None:
    """Print the public key with which anybody can check the evidence."""
    from cli.actions import reviews as actions

    actions.key()


@audit.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--key",
    "keys_given",
    multiple=True,
    help="The public key of whom it comes from, as “apikeys audit key” prints it there.",
)
def verify(file: Path, keys_given: tuple[str, ...]) -> None:
    """Check that FILE is the evidence of an audit, as it was written.

    Without --key it has to come from here. With it nothing of this program's settings is needed.
    """
    from cli.actions import reviews as actions

    actions.verify(file, keys_given)
