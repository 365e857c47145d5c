"""`apikeys import` and `apikeys export`: import keys from another system, and export all keys."""

from __future__ import annotations

from pathlib import Path
from typing import IO

import click

from cli.commands import options
from keys.inputs.scopes import SCOPES
from keys.transfer.formats import ALGORITHMS, Form


@click.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Show what would be done, without doing it.")
@click.option("--keep-going", is_flag=True, help="Add what can be added, and skip the rest.")
@click.option(
    "--algorithm",
    type=click.Choice(sorted(ALGORITHMS)),
    help="The hash algorithm, for lines without one.",
)
@click.option(
    "--scopes", default="", help=f"The scopes, for lines without any: {', '.join(SCOPES)}."
)
@options.workspace
def import_keys(
    file: IO[bytes],
    dry_run: bool,
    keep_going: bool,
    algorithm: str | None,
    scopes: str,
    workspace: str | None,
) -> None:
    """Import keys from another system by their hashes, so that they keep working.

    FILE is CSV or JSON; - reads standard input. Either all lines are added, or none.
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
@click.option(
    "--output", type=click.Path(path_type=Path), help="The file to write; printed by default."
)
@click.option("--revoked", is_flag=True, help="Include revoked keys.")
@options.workspace
def export_keys(form: str, output: Path | None, revoked: bool, workspace: str | None) -> None:
    """Export everything about the keys except tokens and hashes."""
    from cli.actions import transfer as actions

    actions.export_keys(form, output, revoked, workspace)
