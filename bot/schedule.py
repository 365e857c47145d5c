"""When things are due: a thread that does what has to follow, once a second and when nudged."""

from __future__ import annotations

import logging
import threading

from bot.following import Following
from keys.errors import StorageUnavailable

logger = logging.getLogger("bot")


class Schedule:
    """Runs `Following` until it is stopped."""

    def __init__(self, following: Following, every: float = 1.0) -> None:
        """Makes it ready.

        Args:
            every: seconds between two rounds.
        """
        self._following = following
        self._every = every
        self._due = threading.Event()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="schedule", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def nudge(self) -> None:
        """Has the next round begin at once: something was done that people should know."""
        self._due.set()

    def stop(self) -> None:
        """Ends after the thing under way. Blocks."""
        self._ending.set()
        self._due.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                if self._following.run_once(lambda: not self._ending.is_set()):
                    continue
            except StorageUnavailable as error:
                # Nothing is lost: what is due stays in the database until it can be reached.
                logger.warning("what is due waits: %s", error)
            except Exception:
                # One notice that cannot be said must not end all later ones.
                logger.exception("a round of what is due failed")
            self._due.wait(self._every)
            # Cleared between waiting and looking: a nudge or a stop from before is heeded below.
            self._due.clear()
