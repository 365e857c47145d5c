"""The `apikeys` command: a table of subcommands, each imported only when it is typed.

Importing everything took seconds before a help page appeared. So the modules in `cli.commands` say
what can be typed, and import click alone; what is done is in `cli.actions`, imported by the command
that does it. The pattern is Click's own:
https://click.palletsprojects.com/complex/#lazily-loading-subcommands.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import cast

import click

# The command, the module and the name that it is defined by, and its line in the help.
TABLE = {
    "audit": ("cli.commands.reviews", "audit", "The evidence of audits."),
    "db": ("cli.commands.database", "db", "Look after the database."),
    "demo": ("cli.commands.demo", "demo", "Try it all on this machine, without Slack."),
    "doctor": ("cli.commands.doctor", "doctor", "Find what keeps this from working."),
    "export": ("cli.commands.transfer", "export_keys", "Export everything but tokens and hashes."),
    "import": (
        "cli.commands.transfer",
        "import_keys",
        "Import keys by their hashes.",
    ),
    "keys": ("cli.commands.keys", "keys", "Look after keys from a shell."),
    "run": ("cli.commands.run", "run", "Run the bot and the gateway."),
    "status": ("cli.commands.database", "status", "Show the state of keys, gateways and messages."),
}
# What stops a command, each with a sentence for the operator. By name: an error that was raised has
# been imported by then, and no command has to import those of the others.
_REFUSALS = (
    ("cli.demo.errors", "DemoError"),
    ("settings", "SettingsError"),
    ("bot.slack_api.errors", "SlackError"),
    ("keys.base.errors", "PepperError"),
    ("storage", "StorageUnavailable"),
    ("storage", "SchemaAhead"),
    ("runtime.http_server", "ListenError"),
    ("runtime.http_server", "StartError"),
)


class LazyGroup(click.Group):
    """Subcommands that are imported when they are typed, or their help is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all subcommands."""
        return sorted(TABLE)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A subcommand, imported now; None if there is no such."""
        if cmd_name not in TABLE:
            return None
        module, name, _ = TABLE[cmd_name]
        found = getattr(import_module(module), name)
        return cast(click.Command, found)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of subcommands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, TABLE[name][2]) for name in sorted(TABLE)])


@click.command(cls=LazyGroup)
def commands() -> None:
    """Look after API keys."""
    from cli.bootstrap.redaction import redact
    from runtime.logging import PLAIN, configure_logging

    configure_logging("WARNING", PLAIN, redact=redact)


def main() -> None:
    """Run the command that was typed; what is refused ends with one sentence and status 1."""
    try:
        commands()
    except Exception as error:
        if not isinstance(error, _refusals()):
            raise
        click.echo(f"apikeys: {error}", err=True)
        sys.exit(1)


def _refusals() -> tuple[type[Exception], ...]:
    imported = ((sys.modules.get(module), name) for module, name in _REFUSALS)
    return tuple(getattr(module, name) for module, name in imported if module is not None)
