"""Provide the time: a clock that everything reads, and that tests can hold still."""

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
    """A source of the time."""

    def now(self) -> datetime:
        """Return the current time, in UTC."""
        ...

    def timestamp(self) -> float:
        """Return the current time in seconds since 1970; cheaper than `now`."""
        ...

    def monotonic(self) -> float:
        """Return seconds since a fixed point in the past; never goes back, unlike `now`."""
        ...


class SystemClock:
    """This machine's clock."""

    def now(self) -> datetime:
        """Return the current time, in UTC."""
        return datetime.now(UTC)

    # Read at each verification, so without a call in between.
    timestamp = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)


class SharedClock:
    """The database server's time, continued by this machine's monotonic clock.

    Programs on several machines claim work until a deadline; after it, another program may take
    over. Machines whose clocks differ by a minute would do the same work twice, and so would a
    machine whose clock is set. With this clock all agree: only the server's time counts.
    """

    def __init__(
        self,
        ask: Callable[[], datetime],
        every: float = 10.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read the server's time once.

        Args:
            ask: returns the server's time. Blocks.
            every: seconds between two reads, after `start`.

        Raises:
            Exception: any that `ask` raises.
        """
        self._ask = ask
        self._every = every
        self._monotonic = monotonic
        self._ahead = inf
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self.agree()

    def agree(self) -> None:
        """Read the server's time, and adjust this clock to it. Raises what `ask` raises."""
        before = self._monotonic()
        server_time = self._ask().timestamp()
        after = self._monotonic()
        ahead = server_time - (before + after) / 2
        # A difference within the round trip is ignored: the time would jitter.
        if abs(ahead - self._ahead) > (after - before) / 2 + _JITTER:
            self._ahead = ahead

    def now(self) -> datetime:
        """Return the current time, in UTC."""
        return datetime.fromtimestamp(self.timestamp(), UTC)

    def timestamp(self) -> float:
        """Return the current time in seconds since 1970."""
        return self._monotonic() + self._ahead

    def monotonic(self) -> float:
        """Return this machine's monotonic time."""
        return self._monotonic()

    def start(self) -> None:
        """Read the server's time at intervals, in a background thread."""
        self._thread = threading.Thread(target=self._run, name="shared-clock", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread. Blocks."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._ending.wait(self._every):
            try:
                self.agree()
            except Exception as error:  # noqa: BLE001  (the server may be unreachable)
                logger.info("cannot read the database server's time: %s", error)


class HeldClock:
    """A clock for tests that stands still until it is moved."""

    def __init__(self, at: datetime) -> None:
        if at.tzinfo is None:
            raise ValueError("a clock needs a time with a time zone")
        self._now = at.astimezone(UTC)
        self._passed = 0.0

    def now(self) -> datetime:
        """Return the time at which the clock stands."""
        return self._now

    def timestamp(self) -> float:
        """Return the same in seconds since 1970."""
        return self._now.timestamp()

    def monotonic(self) -> float:
        """Return by how many seconds it was moved forward."""
        return self._passed

    def move(self, by: timedelta) -> None:
        """Move the clock forward, or back by a negative step, as when a machine's clock is set."""
        self._now += by
        self._passed += max(by.total_seconds(), 0.0)
