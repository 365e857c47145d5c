"""What is to be done at a moment of the workspace's clock: deliveries tried again, messages."""

import heapq
import itertools
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.base.clock import Clock

_log = logging.getLogger(__name__)

_LONGEST_WAIT = 60.0
"""Real seconds; a machine that was asleep notices after this long what has become due."""


@dataclass(order=True)
class _Task:
    due_at: float
    number: int
    work: Callable[[], None] = field(compare=False)


class Scheduler:
    """Does things when they are due, one after another, in a thread of its own.

    The thread starts with the first task. With a held clock nothing waits for real time: what has
    become due is done when the clock has been moved.
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
        """Do `work` at `moment` (seconds since 1970), at once when that is past.

        What is not due when the schedule is closed is never done.
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
        """Do nothing more; waits for what is being done."""
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
            except Exception:  # noqa: BLE001  # the thread goes on: what else is due has its right too
                _log.exception("something that was due could not be done")

    def _next(self) -> _Task | None:
        """Waits for the next due task; None once closed."""
        with self._condition:
            while not self._closed:
                wait: float | None = None
                if self._tasks:
                    wait = self._clock.real_seconds_until(self._tasks[0].due_at)
                    if wait == 0:
                        return heapq.heappop(self._tasks)
                self._condition.wait(None if wait is None else min(wait, _LONGEST_WAIT))
            return None
