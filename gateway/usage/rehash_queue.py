"""Replace imported keys' digests with our own, at their first use.

A new digest needs the key itself, which only a gateway that accepts it sees. The digest is computed
then, and written a little later in a batch, so that no request waits for the disk. One that is
unwritten when the process dies is computed again at the key's next use. Several gateways may write
the same digest: the first one counts.
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
    """Collects digests, and writes them in batches.

    Its size is bounded by the number of imported keys in use. It holds digests, never keys.
    """

    _NAME = "gateway-upgrading"
    _UNWRITTEN = (
        "digests_unwritten",
        "The database cannot be reached; they are kept and written later.",
    )

    def __init__(self, peppers: Peppers, write: Write, log: GatewayLog, every: float = 5.0) -> None:
        """Create an empty queue; nothing is written before `start`.

        Args:
            write: stores the digest of each secret id, in one transaction.
            every: seconds between two flushes.
        """
        super().__init__(log, every)
        self._peppers = peppers
        self._write = write
        self._waiting: dict[str, Upgrade] = {}
        self._guard = threading.Lock()

    @property
    def backlog(self) -> int:
        """Return how many digests are not written yet."""
        return len(self._waiting)

    def add(self, secret_id: str, key: bytes) -> None:
        """Compute the digest of an imported key that was just accepted."""
        version = self._peppers.current
        upgrade = Upgrade(self._peppers.digest_bytes(key, version), version)
        with self._guard:
            self._waiting[secret_id] = upgrade

    def flush(self) -> int:
        """Write the digests; see `PeriodicWriter`."""
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
