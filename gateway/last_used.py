"""When and from where each secret was used last: gathered in memory, written now and then.

Writing at every request would make each of them wait for the disk. What is unwritten is lost if
the process is killed: a "last used" that is a few seconds old, never a key that works or does not.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime

from gateway.report import Report
from keys.errors import StorageUnavailable
from keys.usage import Use

Write = Callable[[Mapping[str, Use]], object]


class LastUsed:
    """Gathers uses and hands them on together.

    The number of entries is bounded by the number of secrets in the database, since only verified
    ones are ever recorded.
    """

    def __init__(self, write: Write, report: Report, every: float = 5.0) -> None:
        """Makes it ready; nothing is written before `start`.

        Args:
            write: stores the newest use of each secret id, in one transaction.
            every: seconds between two writings.
        """
        self._write = write
        self._report = report
        self._every = every
        self._newest: dict[str, Use] = {}
        self._guard = threading.Lock()
        self._flushing = threading.Lock()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def record(self, secret_id: str, at: datetime, source: str) -> None:
        """Notes one use. An older one never replaces a newer one."""
        with self._guard:
            self._keep(secret_id, Use(at=at, source=source))

    def flush(self) -> int:
        """Writes what was noted since the last time.

        Returns:
            How many secrets that were.

        Raises:
            StorageUnavailable: if that failed; nothing is forgotten, the next flush tries again.
        """
        # One at a time: an older batch must not be written after a newer one.
        with self._flushing:
            with self._guard:
                batch, self._newest = self._newest, {}
            if not batch:
                return 0
            try:
                self._write(batch)
            except BaseException:
                with self._guard:
                    for secret_id, use in batch.items():
                        self._keep(secret_id, use)
                raise
            return len(batch)

    def start(self) -> None:
        """Begins to flush in a thread of its own."""
        if self._thread is not None:
            raise RuntimeError("already started")
        self._ending.clear()
        self._thread = threading.Thread(target=self._run, name="gateway-last-used", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread and writes what is left. Blocks."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._try_flush()

    def _keep(self, secret_id: str, use: Use) -> None:
        known = self._newest.get(secret_id)
        if known is None or use.at >= known.at:
            self._newest[secret_id] = use

    def _run(self) -> None:
        while not self._ending.wait(self._every):
            self._try_flush()

    def _try_flush(self) -> None:
        try:
            self.flush()
        except StorageUnavailable:
            self._report.note(
                logging.WARNING,
                "last_used_unwritten",
                remedy="The database cannot be reached; the times are kept and written later.",
            )
        except Exception as error:  # noqa: BLE001 - a thread that died would lose every later use
            self._report.failed(error, endpoint="last-used")
