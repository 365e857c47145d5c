"""The `apikeys` command; the only place where the parts are put together."""

from __future__ import annotations

import sys
from contextlib import ExitStack

import click

from bot.slack_api.errors import SlackError
from cli.bootstrap.application import open_application
from cli.bootstrap.bot import start_bot
from cli.bootstrap.gateway import start_gateway
from cli.commands import database, keys, reviews, transfer
from cli.commands.demo import demo
from cli.commands.doctor import doctor
from cli.commands.run import Process, asked_to_stop, wait
from cli.demo.errors import DemoError
from keys.base.errors import PepperError
from runtime.http_server import ListenError, StartError
from runtime.logging import configure_logging
from settings import SettingsError, load, load_slack
from storage import SchemaAhead, StorageUnavailable

# What stops a start, each with a sentence for the operator.
_REFUSALS = (
    DemoError,
    SettingsError,
    SlackError,
    PepperError,
    StorageUnavailable,
    SchemaAhead,
    ListenError,
    StartError,
)


@click.group()
def commands() -> None:
    """Look after API keys."""


commands.add_command(keys.keys)
commands.add_command(demo)
commands.add_command(reviews.audit)
commands.add_command(database.db)
commands.add_command(database.status)
commands.add_command(doctor)
commands.add_command(transfer.import_keys)
commands.add_command(transfer.export_keys)


@commands.command()
@click.option("--only", type=click.Choice(["slack", "gateway"]), help="Run this part alone.")
def run(only: str | None) -> None:
    """Run the bot and the gateway until they are stopped with Ctrl-C."""
    settings = load()
    slack_settings = None if only == "gateway" else load_slack()
    configure_logging(settings.log_level, settings.log_format)
    with ExitStack() as stack:
        house = open_application(settings)
        stack.callback(house.close)
        running: list[Process] = []
        if only != "slack":
            gateway = start_gateway(house, settings)
            stack.callback(gateway.stop)
            running.append(gateway)
            click.echo(f"The gateway listens on {gateway.url}", err=True)
        if slack_settings is not None:
            bot = start_bot(house, slack_settings)
            stack.callback(bot.stop)
            running.append(bot)
            click.echo(f"The bot {bot.where}", err=True)
        wait(asked_to_stop(), running)


def main() -> None:
    """Runs the command that was typed; what is refused ends with one sentence and status 1."""
    try:
        commands()
    except _REFUSALS as error:
        click.echo(f"apikeys: {error}", err=True)
        sys.exit(1)
