"""Writing now and then what was gathered in memory, in a thread of its own."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod

from gateway.base.gateway_log import GatewayLog
from keys.base.errors import StorageUnavailable


class PeriodicWriter(ABC):
    """Flushes until it is stopped, and once more then.

    Subclasses say what a flush is, and in `_UNWRITTEN` which event of the log and which remedy
    tell that it has to wait for the database.
    """

    _NAME: str
    _UNWRITTEN: tuple[str, str]

    def __init__(self, log: GatewayLog, every: float) -> None:
        self._log = log
        self._every = every
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    @abstractmethod
    def flush(self) -> int:
        """Writes what was noted since the last time; returns how many things that were.

        Raises:
            StorageUnavailable: if that failed; nothing is forgotten, the next flush tries again.
        """

    def start(self) -> None:
        """Begins to flush in a thread of its own."""
        if self._thread is not None:
            raise RuntimeError("already started")
        self._ending.clear()
        self._thread = threading.Thread(target=self._run, name=self._NAME, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread and writes what is left. Blocks."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._try_flush()

    def _run(self) -> None:
        while not self._ending.wait(self._every):
            self._try_flush()

    def _try_flush(self) -> None:
        event, remedy = self._UNWRITTEN
        try:
            self.flush()
        except StorageUnavailable:
            self._log.note(logging.WARNING, event, remedy=remedy)
        except Exception as error:  # noqa: BLE001 - a thread that died would write nothing any more
            self._log.failed(error, endpoint=self._NAME)
