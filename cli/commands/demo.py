"""`apikeys demo`: everything on this machine, to click through or to read."""

from __future__ import annotations

from datetime import datetime

import click

from cli.demo.state_dir import NAME, PAGE_PORT
from cli.terminal import Failure


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help=f"The port of the practice Slack's page; {PAGE_PORT} if it is free, 0 for any.",
)
@click.option(
    "--date",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day on which the demo starts, such as 2026-01-15. Its clock never goes back.",
)
@click.option(
    "--tour", is_flag=True, help="Play a key's day and then its year, and print what happens."
)
@click.option("--reset", is_flag=True, help=f"Delete the demo's state in {NAME}.")
def demo(port: int | None, date: datetime | None, tour: bool, reset: bool) -> None:
    """Run a practice Slack, the bot, the gateway and an example API on this machine.

    No Slack account is needed. What you do is kept in the folder .apikeys-demo.
    """
    from cli.actions import demo as actions

    try:
        actions.demo(port, tour, reset, date)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "sandbox":
            raise
        raise Failure(
            "This installation has no practice Slack, as in the container's image. Run the demo "
            "from the project's folder."
        ) from error
