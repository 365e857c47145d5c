"""Record every exchange between the app and Slack, with Slack's secrets redacted."""

import copy
import re
import threading
import time
from collections import deque
from typing import Any

from sandbox.base.clock import Clock
from sandbox.state.models import Flow, Json, Traffic

_MAX_ENTRIES = 2_000
_SECRET_FIELDS = frozenset({"token", "client_secret", "authorization", "signing_secret"})
_SECRET_TEXT = re.compile(r"(xox[abp]-|xapp-)[\w-]+|(?<=/response/)\w+|(?<=ticket=)\w+")


class TrafficLog:
    """The newest 2,000 exchanges, oldest first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: deque[Traffic] = deque(maxlen=_MAX_ENTRIES)
        self._started: dict[int, float] = {}
        self._count = 0
        self._last_at = time.monotonic()

    def begin(self, flow: Flow, name: str, sent: Json, transport: str) -> Traffic:
        """Record the start of an exchange; pass the entry to `finish` when it is over."""
        with self._lock:
            self._count += 1
            now = self._clock.now()
            entry = Traffic(self._count, now, flow, name, redacted(sent), transport)
            self._entries.append(entry)
            self._last_at = self._started[entry.number] = time.monotonic()
            return entry

    def finish(self, entry: Traffic, status: int | None, answered: Json | str | None) -> None:
        with self._lock:
            self._last_at = time.monotonic()
            entry.seconds = self._last_at - self._started.pop(entry.number)
            entry.status = status
            entry.answered = redacted(answered)

    def wait_until_quiet(self, seconds: float = 0.3, within: float = 5.0) -> bool:
        """Wait until nothing is under way and nothing has been for `seconds`. Blocks.

        Returns:
            False if it is still not quiet after `within` real seconds.
        """
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            with self._lock:
                if not self._started and time.monotonic() - self._last_at >= seconds:
                    return True
            time.sleep(seconds / 10)
        return False

    def entries(self) -> list[Traffic]:
        """Return copies of the recorded exchanges, oldest first."""
        with self._lock:
            return [copy.copy(entry) for entry in self._entries]


def redacted(value: Any) -> Any:
    """Return a deep copy of JSON values without tokens and other secrets of Slack."""
    if isinstance(value, dict):
        return {
            k: "(redacted)" if k in _SECRET_FIELDS and isinstance(v, str) else redacted(v)
            for k, v in value.items()
        }
    if isinstance(value, list):
        return [redacted(v) for v in value]
    if isinstance(value, str):
        return _SECRET_TEXT.sub("(redacted)", value)
    return value
