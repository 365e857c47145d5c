"""The `apikeys` command: a table of subcommands, each imported only when it is used.

Importing everything took seconds before a help page appeared. So the modules in `cli.commands`
define the arguments and import only click; each command imports its action from `cli.actions`.
The pattern is Click's own:
https://click.palletsprojects.com/complex/#lazily-loading-subcommands.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, NoReturn, cast

import click

from cli.terminal import end, say

_log = logging.getLogger(__name__)
# For each command, its module, its name there, and its line in the help.
TABLE = {
    "audit": ("cli.commands.reviews", "audit", "Export and verify the evidence of audits."),
    "db": ("cli.commands.database", "db", "Manage the database."),
    "demo": ("cli.commands.demo", "demo", "Try everything on this machine, without Slack."),
    "doctor": ("cli.commands.doctor", "doctor", "Check this installation for problems."),
    "export": ("cli.commands.transfer", "export_keys", "Export everything but tokens and hashes."),
    "import": (
        "cli.commands.transfer",
        "import_keys",
        "Import keys by their hashes.",
    ),
    "keys": ("cli.commands.keys", "keys", "Manage keys from a shell."),
    "manifest": (
        "cli.commands.manifest",
        "manifest",
        "Print the app's manifest, to paste into Slack.",
    ),
    "run": ("cli.commands.run", "run", "Run the bot and the gateway."),
    "status": ("cli.commands.database", "status", "Show the state of keys, gateways and messages."),
}
# Errors that end a command with a sentence for the operator. Listed by name, so that no command has
# to import the others' errors: one that was raised has been imported.
_ERRORS = (
    ("cli.demo.errors", "DemoError"),
    ("settings", "SettingsError"),
    ("bot.slack_api.errors", "SlackError"),
    ("keys.base.errors", "PepperError"),
    ("storage", "StorageUnavailable"),
    ("storage", "SchemaAhead"),
    ("storage.schema", "SealerMissing"),
    ("runtime.errors", "Tampered"),
    ("runtime.http_server", "ListenError"),
    ("runtime.http_server", "StartError"),
)


class LazyGroup(click.Group):
    """A group whose subcommands are imported only when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all subcommands."""
        return sorted(TABLE)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a subcommand; None if there is none of this name."""
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
    """Manage API keys."""
    from cli.bootstrap.redaction import redact
    from runtime.logging import PLAIN, configure_logging

    configure_logging("WARNING", PLAIN, redact=redact)


def main() -> None:
    """Run the command."""
    exit_with(lambda: commands.main(standalone_mode=False))


def exit_with(command: Callable[[], Any]) -> NoReturn:
    """Run a command; an error ends it with status 1: an expected one prints one sentence.

    Any other goes to the log, which removes tokens and shows what is hidden; Python's own traceback
    does neither.
    """
    try:
        sys.exit(command())
    except (click.ClickException, click.Abort) as error:
        end(error)
    except Exception as error:  # noqa: BLE001 - it is logged and ends the command
        if isinstance(error, _expected_errors()):
            say(f"apikeys: {error}", err=True)
        else:
            _log.critical("apikeys: This error is a defect of the program.", exc_info=error)
        sys.exit(1)


def _expected_errors() -> tuple[type[Exception], ...]:
    imported = ((sys.modules.get(module), name) for module, name in _ERRORS)
    return tuple(getattr(module, name) for module, name in imported if module is not None)
