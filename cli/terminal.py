"""Write to the operator's terminal: the only module of the command line that does.

Texts may come from anyone: a key's name, a file's content, an error that repeats what was typed.
So each line is one line, in which nothing is hidden (`runtime.display`) and no token stands. The
two exceptions are a new token, which the command was called for, and exports, whose formats make
text harmless themselves.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any, NoReturn

import click

from keys.credentials.tokens import Token, redact
from runtime.display import visible


def say(text: str, *, err: bool = False) -> None:
    """Print a text as one line.

    Args:
        err: whether to print it to standard error.
    """
    click.echo(visible(redact(text)), err=err)


def say_lines(text: str, *, err: bool = False) -> None:
    """Print our own words of several lines; what comes from outside must not be among them."""
    for line in text.split("\n"):
        say(line, err=err)


def print_token(token: Token) -> None:
    """Print a new token. Raises OSError."""
    click.echo(token.reveal())


@contextmanager
def exported() -> Iterator[IO[str]]:
    """Open standard output for an export: CSV or JSON in which nothing is hidden."""
    with click.open_file("-", "w", encoding="utf-8") as file:
        yield file


def confirm(question: str) -> None:
    """Ask a question of our own words, and end the command if the answer is no."""
    click.confirm(question, abort=True)


@contextmanager
def progress(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show how far something has come; yields what is called with the number of steps done."""
    with click.progressbar(length=total, label=label, show_pos=True) as bar:
        yield bar.update


class Failure(click.ClickException):
    """Ends the command with status 1 and a sentence on standard error.

    Args:
        message: the sentence.
        more: lines that follow it.
    """

    def __init__(self, message: str, more: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.more = more

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the sentence, and the lines that follow it."""
        say(f"Error: {self.message}", err=True)
        for line in self.more:
            say(line, err=True)


def end(error: click.ClickException | click.Abort) -> NoReturn:
    """Print why the command ends, and exit. Click's own errors may repeat what was typed."""
    if isinstance(error, click.Abort):
        say("Aborted!", err=True)
        sys.exit(1)
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is not None:
        say_lines(context.get_usage(), err=True)
        say_lines(f"Try '{context.command_path} --help' for help.\n", err=True)
    if isinstance(error, Failure):
        error.show()
    else:
        say(f"Error: {error.format_message()}", err=True)
    sys.exit(error.exit_code)
