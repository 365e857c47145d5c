"""A replica of the database, asked first where it is known to be current enough."""

from __future__ import annotations

import logging
from dataclasses import replace

from gateway.base.gateway_log import GatewayLog
from gateway.base.options import Options
from gateway.base.thread_pool import Pool, Unavailable
from gateway.cache.replica_positions import ReplicaPositions
from runtime.clock import Clock
from storage.replica_lookup import ReplicaLookup

# A replica that did not answer is left alone for so long, in seconds.
_LEFT_ALONE = 5.0
# Longer than this nobody waits for a replica, in seconds: the primary is there.
_PATIENCE = 1.0


class Replica:
    """A replica with threads of its own, so that it can hold up nobody who asks the primary."""

    def __init__(
        self,
        lookup: ReplicaLookup,
        positions: ReplicaPositions,
        options: Options,
        log: GatewayLog,
        clock: Clock,
    ) -> None:
        self.lookup = lookup
        self.positions = positions
        self.pool = Pool(replace(options, deadline=_PATIENCE))
        self._log = log
        self._monotonic = clock.monotonic
        self._left_until = 0.0
        self._away = False

    @property
    def asked(self) -> bool:
        """Whether it is worth asking."""
        return self._monotonic() >= self._left_until

    def answered(self) -> None:
        """Notes that it did."""
        if self._away:
            self._away = False
            self._log.note(logging.WARNING, "replica_again")

    def failed(self, why: Unavailable) -> None:
        """Notes that it did not."""
        self._left_until = self._monotonic() + _LEFT_ALONE
        if not self._away:
            self._away = True
            remedy = "The primary is asked instead. Look at DATABASE_REPLICA_URL: apikeys doctor."
            self._log.note(logging.WARNING, "replica_left", cause=why.cause, remedy=remedy)

    def close(self) -> None:
        """Returns when nothing runs any more. Blocks."""
        self.pool.close()
        self.lookup.close()
