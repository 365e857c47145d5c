"""`apikeys run`: start the bot and the gateway, and stop them cleanly."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from queue import SimpleQueue
from typing import TYPE_CHECKING, NoReturn, Protocol

from cli.bootstrap.redaction import redact
from cli.terminal import say
from runtime.logging import configure_logging
from runtime.stopping import STOP_SECONDS, abandoned, finishes, until_stopped
from settings import load, load_slack

if TYPE_CHECKING:
    from bot.background.scheduler import MakeSchedule
    from cli.bootstrap.application import Application
    from runtime.clock import Clock
    from runtime.http_server import Running
    from settings import Settings, SlackSettings


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


def run(
    only: str | None,
    *,
    clock: Clock | None = None,
    make_schedule: MakeSchedule | None = None,
) -> None:
    """Run the bot and the gateway, or one of them, until Ctrl-C.

    Args:
        clock, make_schedule: for the demo alone, whose clock people move.
    """
    # Before anything else: a signal that came earlier would end the program at once.
    stop = stop_event()
    from cli.bootstrap.starting import open_when_available

    settings = load()
    slack_settings = None if only == "gateway" else load_slack()
    configure_logging(settings.log_level, settings.log_format, redact=redact)
    application = open_when_available(settings, stop, with_gateway=only != "slack", clock=clock)
    if application is not None:
        _run_parts(
            application, settings, slack_settings, stop, make_schedule, with_gateway=only != "slack"
        )
    if abandoned():
        # Threads that hang would keep the process alive.
        _leave_now()


def _run_parts(
    application: Application,
    settings: Settings,
    slack_settings: SlackSettings | None,
    stop: threading.Event,
    make_schedule: MakeSchedule | None,
    *,
    with_gateway: bool,
) -> None:
    running: list[Process] = []
    with ExitStack() as stack:
        stack.callback(finishes, application.close, STOP_SECONDS)
        if slack_settings is not None:
            from cli.bootstrap.bot_part import BotPart

            bot = BotPart(
                application, slack_settings, alone=not with_gateway, make_schedule=make_schedule
            )
            stack.callback(bot.stop)
        # A gateway must not leave its load balancer because Slack is not well, so its own readiness
        # does not depend on the bot.
        reports = {"/readyz/slack": bot.slack_health} if slack_settings is not None else {}
        if with_gateway:
            from cli.bootstrap.gateway import start_gateway

            gateway = until_stopped(lambda: start_gateway(application, settings, reports), stop)
            if gateway is None:
                return
            # It stops first: a bot may take its time, and revocations would wait for the gateway.
            stack.callback(_stop, gateway)
            running.append(gateway)
            say(f"The gateway listens on {gateway.url}", err=True)
        if slack_settings is not None:
            bot.start()
            running.append(bot)
        wait(stop, running)
    if slack_settings is not None and bot.fault is not None:
        raise bot.fault


def _stop(gateway: Running) -> None:
    try:
        gateway.stop()
    except TimeoutError as error:
        say(str(error), err=True)
        _leave_now()


def _leave_now() -> NoReturn:
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
