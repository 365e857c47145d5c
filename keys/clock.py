"""The one clock: every part of the house asks it for the time, and tests hold it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The present moment, in UTC."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return datetime.now(UTC)


class HeldClock:
    """A clock that stands still until it is moved."""

    def __init__(self, at: datetime) -> None:
        if at.tzinfo is None:
            raise ValueError("a clock needs a time with a time zone")
        self._now = at.astimezone(UTC)

    def now(self) -> datetime:
        """The moment at which the clock was left."""
        return self._now

    def move(self, by: timedelta) -> None:
        """Moves the clock on (or back, with a negative step)."""
        self._now += by
