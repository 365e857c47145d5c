"""Report to the database that this gateway runs, and which changes its cache has applied."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from math import inf
from typing import Protocol

from gateway.base.gateway_log import GatewayLog
from keys.base.errors import StorageUnavailable
from keys.changes.gateways import BEAT_SECONDS
from runtime.errors import StorageReadOnly
from runtime.stopping import STOP_SECONDS, finishes

# After so many heartbeats, outdated rows are deleted.
_BEATS_PER_PURGE = 600


# After so many heartbeats' time without one, the database counts as not written.
_BEATS_MISSED = 3
# How often it is looked whether everything up to now has been applied, and how long at most.
_CATCH_UP_SECONDS, _CATCH_UP_LOOKS = 0.05, 60


class Register(Protocol):
    """Where gateways are registered. Every method blocks and raises StorageUnavailable."""

    def announce(self) -> None:
        """Register this gateway, under an id that no gateway had before."""
        ...

    def heartbeat(self) -> bool | None:
        """Record that the gateway still runs; return False if it had to be registered again."""
        ...

    def confirm(self, fences: Sequence[str]) -> bool | None:
        """Record that every change up to these fences was applied; otherwise like `heartbeat`."""
        ...

    def newest_fences(self) -> Sequence[str]:
        """Return the fences that were set last, for which a user may still wait."""
        ...

    def purge(self) -> None:
        """Delete outdated rows."""
        ...

    def stopped(self) -> None:
        """Deregister this gateway."""
        ...


class Heartbeat:
    """A thread that writes heartbeats; in the event loop a write would delay every request.

    Attributes:
        registered: whether the gateway has been registered.
        problem: why the last write failed; None if it did not.
        writing: whether a write succeeded lately; a database that hangs refuses none.
    """

    def __init__(
        self,
        register: Register,
        log: GatewayLog,
        every: float = BEAT_SECONDS,
        proven_at: Callable[[], float] = lambda: inf,
    ) -> None:
        """Prepare the thread.

        Args:
            every: seconds between two heartbeats.
            proven_at: returns up to when every change was applied, by the monotonic clock.
        """
        self._register = register
        self._log = log
        self._every = every
        self._proven_at = proven_at
        self._fences: list[str] = []
        self._condition = threading.Condition()
        self._woken = False
        self._catching_up = False
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="gateway-presence", daemon=True)
        self.registered = False
        self.problem: StorageUnavailable | None = None
        self._written_at = -inf

    @property
    def writing(self) -> bool:
        """See the class."""
        return time.monotonic() - self._written_at < self._every * _BEATS_MISSED

    def start(self) -> None:
        """Register the gateway, and start the thread. Blocks.

        Where nothing may be written, no revocation can wait for a confirmation either. Then the
        gateway is registered later, and must cache nothing before: see `registered`.

        Raises:
            StorageUnavailable: if it could not be registered for another reason; then it must
                accept no key, since a revocation would not wait for its confirmation.
        """
        try:
            self._register.announce()
            self.registered, self._written_at = True, time.monotonic()
        except StorageReadOnly as error:
            self._fail(error)
        self._thread.start()

    def confirm(self, fences: Sequence[str]) -> None:
        """Confirm the fences as soon as possible. Returns immediately."""
        with self._condition:
            self._fences += fences
            self._woken = True
            self._condition.notify()

    def catch_up(self) -> None:
        """Confirm what may have been missed: the feed has begun, and the cache is empty."""
        with self._condition:
            self._catching_up = self._woken = True
            self._condition.notify()

    def stop(self) -> None:
        """Stop the thread, and deregister the gateway; gives up if the database hangs. Blocks."""
        with self._condition:
            self._ending = True
            self._condition.notify()
        if self._thread.ident is not None:
            self._thread.join(STOP_SECONDS)
        if self._thread.is_alive() or not finishes(
            lambda: self._try(self._register.stopped), STOP_SECONDS
        ):
            self._log.event(
                logging.WARNING,
                "not_deregistered",
                remedy="The database hangs, so this gateway could not be deregistered. The next "
                "revocation names it as silent, for a minute at most.",
            )

    def _run(self) -> None:
        beats = 0
        while True:
            fences, ending = self._next()
            if not self.registered:
                self.registered = not ending and self._try(self._register.announce)
                self._put_back(fences)
            elif fences:
                if not self._try(lambda fences=fences: self._register.confirm(fences)):  # type: ignore[misc]  # bound here
                    self._put_back(fences)
            elif not ending:
                self._try(self._register.heartbeat)
                beats += 1
            if ending:
                return
            if self._catching_up and self.registered:
                self._try(self._catch_up)
            if beats == _BEATS_PER_PURGE:
                beats = 0
                self._try(self._register.purge)

    def _next(self) -> tuple[list[str], bool]:
        """Wait for fences or the next heartbeat; return the fences, and whether to stop."""
        with self._condition:
            self._condition.wait_for(lambda: self._woken or self._ending, self._every)
            self._woken = False
            fences, self._fences = self._fences, []
            return fences, self._ending

    def _catch_up(self) -> None:
        """Confirm the newest fences once every change before them was applied."""
        fences = self._register.newest_fences()
        self._catching_up = False
        read_at = time.monotonic()
        for _ in range(_CATCH_UP_LOOKS):
            if not fences or self._ending:
                return
            if self._proven_at() >= read_at:
                self._put_back(list(fences))
                self._woken = True
                return
            time.sleep(_CATCH_UP_SECONDS)

    def _put_back(self, fences: list[str]) -> None:
        """Keep fences that could not be confirmed for the next heartbeat."""
        with self._condition:
            self._fences = fences + self._fences

    def _try(self, write: Callable[[], object]) -> bool:
        try:
            done = write()
        except StorageUnavailable as error:
            self._fail(error)
            return False
        except Exception as error:  # noqa: BLE001 - a dead thread would never confirm again
            self._log.failed(error, endpoint="presence")
            return False
        self.problem, self._written_at = None, time.monotonic()
        if done is False:
            # Its new id has confirmed nothing yet.
            self._catching_up = True
            self._log.event(
                logging.WARNING,
                "announced_again",
                remedy="The database had lost this gateway's row, or another program has changed "
                "it; perhaps a backup was restored, or this machine was cloned.",
            )
        return True

    def _fail(self, error: StorageUnavailable) -> None:
        if self.problem is None:
            self._log.event(
                logging.WARNING,
                "silent",
                cause=str(error),
                remedy="The database cannot be written, so this gateway cannot confirm changes. "
                "It keeps trying.",
            )
        self.problem = error
