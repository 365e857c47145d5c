"""`apikeys run`: starting the parts that serve, and stopping them cleanly."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from queue import SimpleQueue
from typing import Protocol

from sqlalchemy import text

from apikeys.house import House
from gateway.app import build
from gateway.last_used import LastUsed
from gateway.options import Options, read_networks
from gateway.report import Report
from gateway.server import Running, serve_in_thread
from keys.usage import Use, record_uses
from keys.verification import StoredVerifier
from settings import Settings, SettingsError
from storage import reading, writing


class LogFormatter(logging.Formatter):
    """The gateway's lines are JSON and say everything themselves; the others say when and who."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ")

    def format(self, record: logging.LogRecord) -> str:
        """One entry; a traceback takes lines of its own."""
        return record.getMessage() if record.name == "gateway" else super().format(record)


def configure_logging(level: str) -> None:
    """Sends the log to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(LogFormatter())
    logging.basicConfig(level=level, handlers=[handler])
    # What it says at INFO is of no use to an operator.
    logging.getLogger("alembic").setLevel(logging.WARNING)


def start_gateway(house: House, settings: Settings) -> Running:
    """Starts the gateway in a thread of its own.

    Raises:
        SettingsError: if a setting cannot be read.
        ListenError: if the address is taken.
    """
    try:
        proxies = read_networks(settings.trusted_proxies)
    except ValueError as error:
        raise SettingsError(f"APIKEYS_TRUSTED_PROXIES: {error}.") from error
    options = Options(flush_every=settings.last_used_seconds, trusted_proxies=proxies)

    def write(uses: Mapping[str, Use]) -> None:
        with writing(house.engine) as session:
            record_uses(session, uses)

    def ready() -> None:
        with reading(house.engine) as session:
            session.connection().execute(text("SELECT 1"))

    verifier = StoredVerifier(house.engine, house.peppers, house.clock)
    uses = LastUsed(write, Report(house.clock), options.flush_every)
    app = build(verifier, options, house.clock, uses=uses, ready=ready)
    host, _, port = settings.gateway_listen.rpartition(":")
    return serve_in_thread(app, host.strip("[]"), int(port))


class Part(Protocol):
    """Something that runs beside the main program."""

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        ...


def asked_to_stop() -> threading.Event:
    """Set as soon as somebody presses Ctrl-C, ends the program, or closes its terminal.

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


def wait(stop: threading.Event, parts: Sequence[Part]) -> None:
    """Waits until the program is asked to stop, or a part of it has died."""
    while all(part.alive for part in parts) and not stop.wait(0.5):
        pass
