"""`apikeys run`: starting the parts that serve, and stopping them cleanly."""

from __future__ import annotations

import signal
import threading
from collections.abc import Sequence
from queue import SimpleQueue
from typing import Protocol


class Process(Protocol):
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


def wait(stop: threading.Event, parts: Sequence[Process]) -> None:
    """Waits until the program is asked to stop, or a part of it has died."""
    while all(part.alive for part in parts) and not stop.wait(0.5):
        pass
