"""Clocks for the practice Slack: the machine's, one that people move, or a test's."""

import threading
import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """The clock of a workspace."""

    def now(self) -> float:
        """Return the time, in seconds since 1970."""

    def real_seconds_until(self, timestamp: float) -> float | None:
        """Return real seconds until `timestamp`, 0 if past; None if only a test can move there."""

    def on_move(self, callback: Callable[[], None]) -> None:
        """Call `callback` whenever a person or a test moves the clock."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()

    def real_seconds_until(self, timestamp: float) -> float | None:
        return max(0.0, timestamp - self.now())

    def on_move(self, callback: Callable[[], None]) -> None:
        """Ignore `callback`: no test moves the machine's clock."""


class MovableClock:
    """The machine's clock, ahead of it by as much as people have moved it; it never goes back.

    Args:
        lead: seconds by which it is ahead at first; negative if it starts in the past.
    """

    def __init__(self, lead: float = 0.0) -> None:
        self._lead = lead
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []

    @property
    def lead(self) -> float:
        """The seconds by which it is ahead of the machine's clock."""
        return self._lead

    def now(self) -> float:
        return time.time() + self._lead

    def advance(self, seconds: float) -> None:
        """Move the clock forward by `seconds`. Raises ValueError for a negative number."""
        if seconds < 0:
            raise ValueError("a clock does not go backwards")
        with self._lock:
            self._lead += seconds
            callbacks = list(self._callbacks)
        for callback in callbacks:
            callback()

    def start_at(self, timestamp: float) -> None:
        """Set the time of a workspace in which nothing has happened yet; it may be in the past."""
        with self._lock:
            self._lead = timestamp - time.time()
            callbacks = list(self._callbacks)
        for callback in callbacks:
            callback()

    def real_seconds_until(self, timestamp: float) -> float | None:
        return max(0.0, timestamp - self.now())

    def on_move(self, callback: Callable[[], None]) -> None:
        with self._lock:
            self._callbacks.append(callback)


class HeldClock:
    """A clock that only moves when a test calls `advance`.

    Args:
        start: its initial time, in seconds since 1970 (default: 3 March 2025, 09:00 UTC).
    """

    def __init__(self, start: float = 1_740_992_400.0) -> None:
        self._now = start
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []

    def now(self) -> float:
        with self._lock:
            return self._now

    def advance(self, seconds: float) -> None:
        """Move the clock forward by `seconds`. Raises ValueError for a negative number."""
        if seconds < 0:
            raise ValueError("a clock does not go backwards")
        with self._lock:
            self._now += seconds
            callbacks = list(self._callbacks)
        for callback in callbacks:
            callback()

    def real_seconds_until(self, timestamp: float) -> float | None:
        return 0.0 if timestamp <= self.now() else None

    def on_move(self, callback: Callable[[], None]) -> None:
        with self._lock:
            self._callbacks.append(callback)
