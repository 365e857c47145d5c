"""`apikeys run`: the bot and the gateway."""

from __future__ import annotations

import click


@click.command()
@click.option("--only", type=click.Choice(["slack", "gateway"]), help="Run only this part.")
def run(only: str | None) -> None:
    """Run the bot and the gateway until they are stopped with Ctrl-C."""
    from cli.actions import run as actions

    actions.run(only)
