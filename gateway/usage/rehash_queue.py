"""Giving imported keys digests of our own, at their first use.

Only whoever sees a key can make another digest of it, and that is a gateway that lets it in. The
digest is made there and then; it is written a little later, together with others, so that no
request waits for the disk. What is unwritten when the process dies is made anew at the key's next
use. Several gateways may write the same: the first one counts.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from gateway.base.gateway_log import GatewayLog
from gateway.usage.periodic_writer import PeriodicWriter
from keys.credentials.peppers import Peppers
from keys.transfer.import_keys import Upgrade

Write = Callable[[Mapping[str, Upgrade]], object]


class RehashQueue(PeriodicWriter):
    """Gathers digests, and hands them on together.

    What it holds is bounded by the number of imported keys in use. No key is kept, only its digest.
    """

    _NAME = "gateway-upgrading"
    _UNWRITTEN = (
        "digests_unwritten",
        "The database cannot be reached; they are kept and written later.",
    )

    def __init__(self, peppers: Peppers, write: Write, log: GatewayLog, every: float = 5.0) -> None:
        """Makes it ready; nothing is written before `start`.

        Args:
            write: stores the digest of each secret id, in one transaction.
            every: seconds between two writings.
        """
        super().__init__(log, every)
        self._peppers = peppers
        self._write = write
        self._waiting: dict[str, Upgrade] = {}
        self._guard = threading.Lock()

    @property
    def backlog(self) -> int:
        """How many digests are not written yet."""
        return len(self._waiting)

    def note(self, secret_id: str, key: bytes) -> None:
        """Makes the digest of a key that was just let in."""
        version = self._peppers.current
        upgrade = Upgrade(self._peppers.digest_bytes(key, version), version)
        with self._guard:
            self._waiting[secret_id] = upgrade

    def flush(self) -> int:
        """See `Flusher`; counts digests."""
        with self._guard:
            taken, self._waiting = self._waiting, {}
        if not taken:
            return 0
        try:
            self._write(taken)
        except BaseException:
            with self._guard:
                self._waiting = taken | self._waiting
            raise
        return len(taken)
