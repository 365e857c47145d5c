"""Read from a replica of the database, and pause when it does not answer."""

from __future__ import annotations

import logging
from dataclasses import replace

from gateway.base.gateway_log import GatewayLog
from gateway.base.options import Options
from gateway.base.thread_pool import Pool, Unavailable
from gateway.cache.replica_positions import ReplicaPositions
from runtime.clock import Clock
from storage.replica_lookup import ReplicaLookup

# Seconds for which a replica that did not answer is not asked.
_PAUSE = 5.0
# Seconds to wait for a replica; then the primary is asked.
_DEADLINE = 0.2


class Replica:
    """A replica with its own threads, so that it cannot delay reads from the primary."""

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
        self.pool = Pool(replace(options, deadline=_DEADLINE))
        self._log = log
        self._monotonic = clock.monotonic
        self._paused_until = 0.0
        self._failing = False

    @property
    def available(self) -> bool:
        """Return whether the replica may be asked."""
        return self._monotonic() >= self._paused_until

    def record_answer(self) -> None:
        """Record that the replica answered."""
        if self._failing:
            self._failing = False
            self._log.event(logging.WARNING, "replica_again")

    def record_failure(self, error: Unavailable) -> None:
        """Record that the replica did not answer, and pause."""
        self._paused_until = self._monotonic() + _PAUSE
        if not self._failing:
            self._failing = True
            remedy = "The primary is asked instead. Look at DATABASE_REPLICA_URL: apikeys doctor."
            self._log.event(logging.WARNING, "replica_left", cause=error.cause, remedy=remedy)

    def close(self) -> None:
        """Wait for reads under way, and close the connections. Blocks."""
        if self.pool.close():
            self.lookup.close()
