"""The one clock: every part of the house asks it for the time, and tests hold it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Protocol

logger = logging.getLogger("keys")

# Seconds.
_JITTER = 0.01


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

    # Asked for at each verification, so nothing stands between.
    timestamp = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)


class SharedClock:
    """The database server's time, carried on by this machine's monotonic clock.

    Programs on several machines take turns by the time: whoever claims a piece of work does so
    until a moment, and after it another one may. Two machines whose clocks are a minute apart
    would do the same work twice, and so would one whose clock is set anew. By this clock all of
    them agree, whatever their own say; only the server's counts.
    """

    def __init__(
        self,
        ask: Callable[[], datetime],
        every: float = 10.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Asks for the first time.

        Args:
            ask: tells the server's time. Blocks.
            every: seconds after which it is asked again, once this was started.

        Raises:
            Exception: whatever `ask` raises.
        """
        self._ask = ask
        self._every = every
        self._monotonic = monotonic
        self._ahead = inf
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self.agree()

    def agree(self) -> None:
        """Asks the server, and follows it. Raises whatever `ask` raises."""
        before = self._monotonic()
        theirs = self._ask().timestamp()
        after = self._monotonic()
        ahead = theirs - (before + after) / 2
        # What may be nothing but the way to the server and back is not followed: time would jitter.
        if abs(ahead - self._ahead) > (after - before) / 2 + _JITTER:
            self._ahead = ahead

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return datetime.fromtimestamp(self.timestamp(), UTC)

    def timestamp(self) -> float:
        """The present moment in seconds since 1970."""
        return self._monotonic() + self._ahead

    def monotonic(self) -> float:
        """Seconds since the machine was started."""
        return self._monotonic()

    def start(self) -> None:
        """Asks again and again, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="shared-clock", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Asks no more. Blocks."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._ending.wait(self._every):
            try:
                self.agree()
            except Exception as error:  # noqa: BLE001  (a server that is away tells no time)
                logger.info("the server's time is not known just now: %s", error)


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
