"""`apikeys run`: starting the parts that serve, and stopping them cleanly."""

from __future__ import annotations

import signal
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from queue import SimpleQueue
from typing import Protocol

import click

from cli.bootstrap.redaction import redact
from runtime.logging import configure_logging
from settings import load, load_slack


class Process(Protocol):
    """Something that runs beside the main program."""

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        ...


def asked_to_stop() -> threading.Event:
    """An event that is set by Ctrl-C, SIGTERM, or the closing of the terminal.

    A handler runs in the main thread, whatever that is doing: setting the event there would wait
    for a lock that the same thread may hold while it waits for the event. A put never waits.
    """
    stop, asked = threading.Event(), SimpleQueue[int]()

    def tell() -> None:
        asked.get()
        stop.set()

    threading.Thread(target=tell, name="asked-to-stop", daemon=True).start()
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup has it
        numbers.append(signal.SIGHUP)
    for number in numbers:
        signal.signal(number, lambda received, _: asked.put(received))
    return stop


def wait(stop: threading.Event, parts: Sequence[Process]) -> None:
    """Wait until the program is asked to stop, or a part of it has died."""
    while all(part.alive for part in parts) and not stop.wait(0.5):
        pass


def run(only: str | None) -> None:
    """Run the bot and the gateway, or one of them, until they are stopped."""
    from cli.bootstrap.application import open_application

    settings = load()
    slack_settings = None if only == "gateway" else load_slack()
    configure_logging(settings.log_level, settings.log_format, redact=redact)
    with ExitStack() as stack:
        application = open_application(settings)
        stack.callback(application.close)
        running: list[Process] = []
        if only != "slack":
            from cli.bootstrap.gateway import start_gateway

            gateway = start_gateway(application, settings)
            stack.callback(gateway.stop)
            running.append(gateway)
            click.echo(f"The gateway listens on {gateway.url}", err=True)
        if slack_settings is not None:
            from cli.bootstrap.bot import start_bot

            bot = start_bot(application, slack_settings)
            stack.callback(bot.stop)
            running.append(bot)
            click.echo(f"The bot {bot.address}", err=True)
        wait(asked_to_stop(), running)
