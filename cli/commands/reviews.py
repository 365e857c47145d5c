"""`apikeys audit …`: export and verify the evidence of audits."""

from __future__ import annotations

from pathlib import Path

import click

from cli.commands import options


@click.group()
def audit() -> None:
    """Export and verify the evidence of audits."""


@audit.command()
@options.workspace
def status(workspace: str | None) -> None:
    """Show the progress of the newest audit."""
    from cli.actions import reviews as actions

    actions.status(workspace)


@audit.command()
@click.option(
    "--format", "form", type=click.Choice(["json", "csv"]), default="json", show_default=True
)
@click.option("--audit", "audit_id", help="An audit's id; the newest by default.")
@click.option(
    "--output", type=click.Path(path_type=Path), help="The file to write; printed by default."
)
@options.workspace
def export(form: str, audit_id: str | None, output: Path | None, workspace: str | None) -> None:
    """Export the evidence of an audit; JSON is signed."""
    from cli.actions import reviews as actions

    actions.export(form, audit_id, output, workspace)


@audit.command()
def key() -> None:
    """Print the public key that verifies the evidence."""
    from cli.actions import reviews as actions

    actions.key()


@audit.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--key",
    "keys_given",
    multiple=True,
    help="A public key of the signer, as “apikeys audit key” prints it.",
)
def verify(file: Path, keys_given: tuple[str, ...]) -> None:
    """Verify that FILE is the unchanged evidence of an audit.

    Without --key, it must have been signed here. With it, no settings of this program are needed.
    """
    from cli.actions import reviews as actions

    actions.verify(file, keys_given)
