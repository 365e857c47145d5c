"""Tells the database that this gateway is there, and what it has applied."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from gateway.base.gateway_log import GatewayLog
from keys.base.errors import StorageUnavailable
from keys.changes.gateways import BEAT_SECONDS

# After so many beats, what nobody will ask for any more is thrown away.
_BEATS_A_SWEEP = 600


class Register(Protocol):
    """Where gateways are noted. Every method blocks and raises StorageUnavailable."""

    def announce(self) -> None:
        """This gateway begins."""
        ...

    def heartbeat(self) -> None:
        """It is still there."""
        ...

    def confirm(self, fences: Sequence[str]) -> None:
        """It has applied everything up to these fences."""
        ...

    def purge(self) -> None:
        """Old notes may go."""
        ...

    def stopped(self) -> None:
        """It has ended."""
        ...


class Heartbeat:
    """A thread that writes: in the event loop a write would hold up every request."""

    def __init__(self, register: Register, log: GatewayLog, every: float = BEAT_SECONDS) -> None:
        """Makes it ready.

        Args:
            every: seconds between two beats.
        """
        self._register = register
        self._log = log
        self._every = every
        self._fences: list[str] = []
        self._news = threading.Condition()
        self._news_came = False
        self._ending = False
        self._silent = False
        self._thread = threading.Thread(target=self._run, name="gateway-presence", daemon=True)

    def start(self) -> None:
        """Announces the gateway, and begins. Blocks.

        Raises:
            StorageUnavailable: if nobody could be told; then it must not let anybody in, since
                whoever revokes a key would not wait for it.
        """
        self._register.announce()
        self._thread.start()

    def confirm(self, fences: Sequence[str]) -> None:
        """Has the fences confirmed as soon as possible. Returns at once."""
        with self._news:
            self._fences += fences
            self._news_came = True
            self._news.notify()

    def stop(self) -> None:
        """Says goodbye, and ends. Blocks."""
        with self._news:
            self._ending = True
            self._news.notify()
        if self._thread.ident is not None:
            self._thread.join()
        self._tell(self._register.stopped)

    def _run(self) -> None:
        beats = 0
        while True:
            fences, ending = self._next()
            if fences:
                if not self._tell(lambda fences=fences: self._register.confirm(fences)):  # type: ignore[misc]  # bound at once
                    self._put_back(fences)
            elif not ending:
                self._tell(self._register.heartbeat)
                beats += 1
            if ending:
                return
            if beats == _BEATS_A_SWEEP:
                beats = 0
                self._tell(self._register.purge)

    def _next(self) -> tuple[list[str], bool]:
        """What to confirm, as soon as there is something or a beat is due."""
        with self._news:
            self._news.wait_for(lambda: self._news_came or self._ending, self._every)
            self._news_came = False
            fences, self._fences = self._fences, []
            return fences, self._ending

    def _put_back(self, fences: list[str]) -> None:
        """Keeps what could not be confirmed for the next beat."""
        with self._news:
            self._fences = fences + self._fences

    def _tell(self, what: Callable[[], None]) -> bool:
        try:
            what()
        except StorageUnavailable:
            if not self._silent:
                self._log.note(
                    logging.WARNING,
                    "silent",
                    remedy="The database cannot be reached, so nobody learns what this gateway "
                    "has applied. It goes on trying.",
                )
            self._silent = True
            return False
        except Exception as error:  # noqa: BLE001 - a thread that died would never confirm again
            self._log.failed(error, endpoint="presence")
            return False
        self._silent = False
        return True
