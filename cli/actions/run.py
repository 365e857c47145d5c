"""`apikeys run`: start the bot and the gateway, and stop them cleanly."""

from __future__ import annotations

import signal
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from queue import SimpleQueue
from typing import Protocol

from cli.bootstrap.redaction import redact
from cli.terminal import say
from runtime.logging import configure_logging
from settings import load, load_slack


class Process(Protocol):
    """A part of the program that runs in the background."""

    @property
    def alive(self) -> bool:
        """Whether it is still running."""
        ...


def stop_event() -> threading.Event:
    """Return an event that is set by Ctrl-C, SIGTERM, or when the terminal is closed.

    A signal handler runs in the main thread. Setting the event there could deadlock on a lock that
    the same thread holds while it waits for the event; putting into a queue never blocks.
    """
    stop, signals = threading.Event(), SimpleQueue[int]()

    def set_event() -> None:
        signals.get()
        stop.set()

    threading.Thread(target=set_event, name="stop-event", daemon=True).start()
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # set by nohup
        numbers.append(signal.SIGHUP)
    for number in numbers:
        signal.signal(number, lambda received, _: signals.put(received))
    return stop


def wait(stop: threading.Event, parts: Sequence[Process]) -> None:
    """Wait until `stop` is set, or a part has died."""
    while all(part.alive for part in parts) and not stop.wait(0.5):
        pass


def run(only: str | None) -> None:
    """Run the bot and the gateway, or one of them, until Ctrl-C."""
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
            say(f"The gateway listens on {gateway.url}", err=True)
        if slack_settings is not None:
            from cli.bootstrap.bot import start_bot

            bot = start_bot(application, slack_settings)
            stack.callback(bot.stop)
            running.append(bot)
            say(f"The bot {bot.address}", err=True)
        wait(stop_event(), running)
