"""Run work at a time of the workspace's clock: retries of deliveries, scheduled messages."""

import heapq
import itertools
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.base.clock import Clock

_log = logging.getLogger(__name__)

_LONGEST_WAIT = 60.0
"""Real seconds; a machine that was asleep notices due work after at most this long."""


@dataclass(order=True)
class _Task:
    due_at: float
    number: int
    work: Callable[[], None] = field(compare=False)


class Scheduler:
    """Runs work when it is due, one after another, in one thread.

    The thread starts with the first task. With a held clock nothing waits for real time: due work
    runs when the clock has been moved.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._condition = threading.Condition()
        self._tasks: list[_Task] = []
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None
        self._closed = False
        clock.on_move(self._wake)

    def run_at(self, due_at: float, work: Callable[[], None]) -> None:
        """Run `work` at `due_at` (seconds since 1970), at once if that has passed.

        Work that is not due when the scheduler closes never runs.
        """
        with self._condition:
            if self._closed:
                return
            heapq.heappush(self._tasks, _Task(due_at, next(self._numbers), work))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="schedule", daemon=True)
                self._thread.start()
            self._condition.notify_all()

    def close(self) -> None:
        """Run nothing more; waits for running work."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _wake(self) -> None:
        with self._condition:
            self._condition.notify_all()

    def _run(self) -> None:
        while (task := self._next()) is not None:
            try:
                task.work()
            except Exception:  # noqa: BLE001  # one failure must not stop the rest
                _log.exception("scheduled work failed")

    def _next(self) -> _Task | None:
        """Wait for the next due task and return it; None once closed."""
        with self._condition:
            while not self._closed:
                wait: float | None = None
                if self._tasks:
                    wait = self._clock.real_seconds_until(self._tasks[0].due_at)
                    if wait == 0:
                        return heapq.heappop(self._tasks)
                self._condition.wait(None if wait is None else min(wait, _LONGEST_WAIT))
            return None
