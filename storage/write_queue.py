"""Queue the writers of one process, so that a person who waits does not wait for what may be late.

A write is urgent unless it is done for a request that is acknowledged already (`urgent_until`). It
then lets urgent ones go first, and waits for longer instead of failing.

On SQLite every writer queues: SQLite itself lets a writer sleep and try again, longer each time.
Of twenty writers some did not begin within two seconds, while for most of that time there was no
writer at all. On PostgreSQL only those that are not urgent queue, and leave connections free.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

URGENT_SECONDS = 2.0
"""How long an urgent writer waits: a request must be acknowledged within 3 s."""
PATIENT_SECONDS = 25.0

_until: ContextVar[threading.Event | None] = ContextVar("apikeys_urgent_until", default=None)


@contextmanager
def urgent_until(acknowledged: threading.Event) -> Iterator[None]:
    """Let the writes of this block be urgent only until this event is set, by whichever thread."""
    token = _until.set(acknowledged)
    try:
        yield
    finally:
        _until.reset(token)


def is_urgent() -> bool:
    """Return whether a write of this thread is urgent now."""
    acknowledged = _until.get()
    return acknowledged is None or not acknowledged.is_set()


class WriteQueue:
    """Lets a number of writers in at a time: urgent ones first, then in order of arrival.

    Args:
        capacity: how many may write at the same time.
    """

    def __init__(self, capacity: int = 1) -> None:
        self._free = capacity
        self._guard = threading.Lock()
        self._urgent: deque[threading.Lock] = deque()
        self._patient: deque[threading.Lock] = deque()

    def enter(self) -> bool:
        """Wait until this thread may write; False if it waited too long. Then call `leave`."""
        urgent = is_urgent()
        waiting = self._urgent if urgent else self._patient
        with self._guard:
            if self._free:
                self._free -= 1
                return True
            admitted = threading.Lock()
            admitted.acquire()
            waiting.append(admitted)
        if admitted.acquire(timeout=URGENT_SECONDS if urgent else PATIENT_SECONDS):
            return True
        with self._guard:
            if admitted in waiting:
                waiting.remove(admitted)
                return False
        # It was admitted after all, just now.
        return True

    def leave(self) -> None:
        """Let the next one in."""
        with self._guard:
            waiting = self._urgent or self._patient
            if waiting:
                waiting.popleft().release()
            else:
                self._free += 1
