"""`apikeys demo`: the whole job on this machine, to click through or to read."""

from __future__ import annotations

import click

from cli.demo.state_dir import NAME, PAGE_PORT


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help=f"Where the practice Slack's page is; {PAGE_PORT} if it is free, 0 for any.",
)
@click.option("--tour", is_flag=True, help="Play the whole story and print what was seen.")
@click.option("--reset", is_flag=True, help=f"Empty {NAME}, where the demo keeps its state.")
def demo(port: int | None, tour: bool, reset: bool) -> None:
    """A practice Slack, the bot, the gateway and an example API, on this machine alone.

    Needs no Slack account. What you do is kept in the folder .apikeys-demo for the next time.
    """
    from cli.actions import demo as actions

    actions.demo(port, tour, reset)
