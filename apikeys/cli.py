"""The `apikeys` command; the only place where the parts are put together."""

from __future__ import annotations

import sys

import click

from apikeys import operator
from apikeys.house import open_house
from apikeys.serving import configure_logging, start_gateway, wait_for_signal
from gateway.server import ListenError, StartError
from keys.errors import PepperError
from settings import SettingsError, load
from storage import SchemaAhead, StorageUnavailable

# What stops a start, each with a sentence for the operator.
_REFUSALS = (SettingsError, PepperError, StorageUnavailable, SchemaAhead, ListenError, StartError)


@click.group()
def commands() -> None:
    """Look after API keys."""


commands.add_command(operator.keys)


@commands.command()
@click.option(
    "--only",
    type=click.Choice(["gateway"]),
    required=True,
    expose_value=False,
    help="Which part to run.",
)
def run() -> None:
    """Run a part of the house until it is stopped with Ctrl-C."""
    settings = load()
    configure_logging(settings.log_level)
    house = open_house(settings)
    try:
        gateway = start_gateway(house, settings)
        click.echo(f"The gateway listens on {gateway.url}", err=True)
        try:
            wait_for_signal(gateway)
        finally:
            gateway.stop()
    finally:
        house.close()


def main() -> None:
    """Runs the command that was typed; what is refused ends with one sentence and status 1."""
    try:
        commands()
    except _REFUSALS as error:
        click.echo(f"apikeys: {error}", err=True)
        sys.exit(1)
