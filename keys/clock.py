"""The one clock: every part of the house asks it for the time, and tests hold it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The present moment, in UTC."""
        ...

    def timestamp(self) -> float:
        """The present moment in seconds since 1970: `now`, where it is asked for very often."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment in the past; never goes back, whatever happens to `now`."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return datetime.now(UTC)

    def timestamp(self) -> float:
        """The present moment in seconds since 1970."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since the machine was started."""
        return time.monotonic()


class HeldClock:
    """A clock that stands still until it is moved."""

    def __init__(self, at: datetime) -> None:
        if at.tzinfo is None:
            raise ValueError("a clock needs a time with a time zone")
        self._now = at.astimezone(UTC)
        self._passed = 0.0

    def now(self) -> datetime:
        """The moment at which the clock was left."""
        return self._now

    def timestamp(self) -> float:
        """The same in seconds since 1970."""
        return self._now.timestamp()

    def monotonic(self) -> float:
        """How many seconds it was moved on so far."""
        return self._passed

    def move(self, by: timedelta) -> None:
        """Moves the clock on; a negative step sets it back, as if the machine's time was wrong."""
        self._now += by
        self._passed += max(by.total_seconds(), 0.0)
