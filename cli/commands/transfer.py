"""`apikeys import` and `apikeys export`: keys from another system, and all about those here."""

from __future__ import annotations

from pathlib import Path
from typing import IO

import click

from cli.commands import options
from keys.inputs.scopes import SCOPES
from keys.transfer.formats import ALGORITHMS, Form


@click.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--keep-going", is_flag=True, help="Add what can be added, and pass over the rest.")
@click.option(
    "--algorithm",
    type=click.Choice(sorted(ALGORITHMS)),
    help="How the hashes were made, for lines that do not say it.",
)
@click.option("--scopes", default="", help=f"For lines without: {', '.join(SCOPES)}.")
@options.workspace
def import_keys(
    file: IO[bytes],
    dry_run: bool,
    keep_going: bool,
    algorithm: str | None,
    scopes: str,
    workspace: str | None,
) -> None:
    """Import keys of another system by their hashes, so that they go on working.

    FILE is CSV or JSON; - reads the standard input. All lines are added, or none.
    """
    from cli.actions import transfer as actions

    actions.import_keys(file, dry_run, keep_going, algorithm, scopes, workspace)


@click.command("export")
@click.option(
    "--format",
    "form",
    type=click.Choice([form.value for form in Form]),
    default="csv",
    show_default=True,
)
@click.option("--output", type=click.Path(path_type=Path), help="A file; else it is printed.")
@click.option("--revoked", is_flag=True, help="Revoked keys too.")
@options.workspace
def export_keys(form: str, output: Path | None, revoked: bool, workspace: str | None) -> None:
    """Write down everything about the keys but what opens anything."""
    from cli.actions import transfer as actions

    actions.export_keys(form, output, revoked, workspace)
