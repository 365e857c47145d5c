"""Waiting for something to come about, for tests of what happens in other threads or processes."""

from __future__ import annotations

import time
from collections.abc import Callable


def waits_until(true: Callable[[], bool], within: float = 5) -> None:
    """Wait at most so many real seconds. Raises AssertionError when it has not come about."""
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)
