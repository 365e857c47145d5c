"""Report to the database that this gateway runs, and which changes its cache has applied."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from gateway.base.gateway_log import GatewayLog
from keys.base.errors import StorageUnavailable
from keys.changes.gateways import BEAT_SECONDS

# After so many heartbeats, outdated rows are deleted.
_BEATS_PER_PURGE = 600


class Register(Protocol):
    """Where gateways are registered. Every method blocks and raises StorageUnavailable."""

    def announce(self) -> None:
        """Register this gateway."""
        ...

    def heartbeat(self) -> None:
        """Record that the gateway still runs."""
        ...

    def confirm(self, fences: Sequence[str]) -> None:
        """Record that every change up to these fences was applied."""
        ...

    def purge(self) -> None:
        """Delete outdated rows."""
        ...

    def stopped(self) -> None:
        """Deregister this gateway."""
        ...


class Heartbeat:
    """A thread that writes heartbeats; in the event loop a write would delay every request."""

    def __init__(self, register: Register, log: GatewayLog, every: float = BEAT_SECONDS) -> None:
        """Prepare the thread.

        Args:
            every: seconds between two heartbeats.
        """
        self._register = register
        self._log = log
        self._every = every
        self._fences: list[str] = []
        self._condition = threading.Condition()
        self._has_fences = False
        self._ending = False
        self._failing = False
        self._thread = threading.Thread(target=self._run, name="gateway-presence", daemon=True)

    def start(self) -> None:
        """Register the gateway, and start the thread. Blocks.

        Raises:
            StorageUnavailable: if it could not be registered; then it must accept no key, since
                a revocation would not wait for its confirmation.
        """
        self._register.announce()
        self._thread.start()

    def confirm(self, fences: Sequence[str]) -> None:
        """Confirm the fences as soon as possible. Returns immediately."""
        with self._condition:
            self._fences += fences
            self._has_fences = True
            self._condition.notify()

    def stop(self) -> None:
        """Stop the thread, and deregister the gateway. Blocks."""
        with self._condition:
            self._ending = True
            self._condition.notify()
        if self._thread.ident is not None:
            self._thread.join()
        self._try(self._register.stopped)

    def _run(self) -> None:
        beats = 0
        while True:
            fences, ending = self._next()
            if fences:
                if not self._try(lambda fences=fences: self._register.confirm(fences)):  # type: ignore[misc]  # bound here
                    self._put_back(fences)
            elif not ending:
                self._try(self._register.heartbeat)
                beats += 1
            if ending:
                return
            if beats == _BEATS_PER_PURGE:
                beats = 0
                self._try(self._register.purge)

    def _next(self) -> tuple[list[str], bool]:
        """Wait for fences or the next heartbeat; return the fences, and whether to stop."""
        with self._condition:
            self._condition.wait_for(lambda: self._has_fences or self._ending, self._every)
            self._has_fences = False
            fences, self._fences = self._fences, []
            return fences, self._ending

    def _put_back(self, fences: list[str]) -> None:
        """Keep fences that could not be confirmed for the next heartbeat."""
        with self._condition:
            self._fences = fences + self._fences

    def _try(self, write: Callable[[], None]) -> bool:
        try:
            write()
        except StorageUnavailable:
            if not self._failing:
                self._log.event(
                    logging.WARNING,
                    "silent",
                    remedy="The database cannot be reached, so this gateway cannot confirm "
                    "changes. It keeps trying.",
                )
            self._failing = True
            return False
        except Exception as error:  # noqa: BLE001 - a dead thread would never confirm again
            self._log.failed(error, endpoint="presence")
            return False
        self._failing = False
        return True
