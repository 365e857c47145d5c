"""Write what was collected in memory at intervals, in a background thread."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial

from gateway.base.gateway_log import GatewayLog
from keys.base.errors import StorageUnavailable
from runtime.stopping import STOP_SECONDS, finishes


class PeriodicWriter(ABC):
    """Flushes at intervals, and once more when it is stopped.

    Subclasses implement `flush`; `_UNWRITTEN` holds the log event and the remedy for a flush that
    has to wait for the database.
    """

    _NAME: str
    _UNWRITTEN: tuple[str, str]

    def __init__(self, log: GatewayLog, every: float) -> None:
        self._log = log
        self._every = every
        self._ending = threading.Event()
        self._failing = False
        self._thread: threading.Thread | None = None

    @abstractmethod
    def flush(self) -> int:
        """Write what was recorded since the last flush; return how many items that were.

        Raises:
            StorageUnavailable: if that failed; nothing is lost, the next flush tries again.
        """

    def flush_due(self) -> None:
        """Write what is due: everything, unless a subclass lets some of it wait."""
        self.flush()

    def start(self) -> None:
        """Start the background thread."""
        if self._thread is not None:
            raise RuntimeError("already started")
        self._ending.clear()
        self._thread = threading.Thread(target=self._run, name=self._NAME, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread, and write what is left; gives up if the database hangs. Blocks."""
        self._ending.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(STOP_SECONDS)
        if (thread is not None and thread.is_alive()) or not finishes(
            partial(self._attempt, self.flush), STOP_SECONDS
        ):
            event, remedy = self._UNWRITTEN
            self._log.event(logging.WARNING, event, remedy=remedy)

    def _run(self) -> None:
        while not self._ending.wait(self._every):
            self._attempt(self.flush_due)

    def _attempt(self, flush: Callable[[], object]) -> None:
        event, remedy = self._UNWRITTEN
        try:
            flush()
        except StorageUnavailable:
            # One line for an outage, however often it is tried; one for what a stop leaves behind.
            if not self._failing or self._ending.is_set():
                self._log.event(logging.WARNING, event, remedy=remedy)
            self._failing = True
        except Exception as error:  # noqa: BLE001 - a dead thread would write nothing
            self._log.failed(error, endpoint=self._NAME)
        else:
            self._failing = False
