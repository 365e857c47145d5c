"""The time of the practice Slack: the machine's own, or one that a test holds and moves."""

import threading
import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """What the workspace asks of a clock."""

    def now(self) -> float:
        """The time, in seconds since 1970."""

    def real_seconds_until(self, moment: float) -> float | None:
        """Real seconds until `moment` (0 when past); None when only a test's hand gets there."""

    def on_move(self, callback: Callable[[], None]) -> None:
        """Have `callback` run whenever a hand moves the clock."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()

    def real_seconds_until(self, moment: float) -> float | None:
        return max(0.0, moment - self.now())

    def on_move(self, callback: Callable[[], None]) -> None:
        """Nobody moves the machine's clock, so `callback` never runs."""


class HeldClock:
    """A clock that stands still until a test moves it.

    Args:
        start: where it stands at first, in seconds since 1970 (default: 3 March 2025, 09:00 UTC).
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

    def real_seconds_until(self, moment: float) -> float | None:
        return 0.0 if moment <= self.now() else None

    def on_move(self, callback: Callable[[], None]) -> None:
        with self._lock:
            self._callbacks.append(callback)
