"""Switch event subscriptions off after too many failed deliveries, as Slack does.

See https://docs.slack.dev/apis/events-api/#failure-limits.
"""

import threading
from collections import deque

from sandbox.base.clock import Clock
from sandbox.state.restrictions import Restrictions

_HOUR = 3600.0
_FEWEST = 1000
"""Fewer events in an hour never switch the subscriptions off."""
_MOST_FAILURES = 0.95


class FailureLimit:
    """Counts the deliveries of the last hour.

    Attributes:
        is_off: whether the subscriptions are switched off.
    """

    def __init__(self, clock: Clock, restrictions: Restrictions) -> None:
        self._clock = clock
        self._restrictions = restrictions
        self._lock = threading.Lock()
        self._tries: deque[tuple[float, bool]] = deque()
        self.is_off = False

    def count(self, *, failed: bool) -> None:
        """Count one delivery."""
        if not self._restrictions.switches_events_off:
            return
        now = self._clock.now()
        with self._lock:
            self._tries.append((now, failed))
            while self._tries[0][0] <= now - _HOUR:
                self._tries.popleft()
            failures = sum(each for _, each in self._tries)
            if len(self._tries) >= _FEWEST and failures > _MOST_FAILURES * len(self._tries):
                self.is_off = True

    def switch_on(self) -> None:
        """Switch the subscriptions on again, as an owner of the app does by hand."""
        with self._lock:
            self._tries.clear()
            self.is_off = False
