"""Track which changes a replica has replayed, and so which of its rows are current.

The feed numbers changes (`VerdictCache.position`), and its next proof carries a position in the
write-ahead log at or after theirs. A replica that has replayed up to that position has seen them.
What changed later is read from the primary: a revoked key is never accepted for longer than without
a replica, however far the replica lags.
"""

from __future__ import annotations

from bisect import bisect_right

# A replica that lags by more positions than these is not asked for what has changed since, or for
# anything once the cache has dropped its record of changes (gateway.cache.verdict_cache).
_MAX_POSITIONS = 10_000


class ReplicaPositions:
    """The write-ahead log's position for each change; for use in one event loop.

    Attributes:
        newest: a replica that has replayed up to here has seen every change of known position. May
            be read from any thread.
    """

    def __init__(self) -> None:
        self._wal_positions: list[int] = []
        self._positions: list[int] = []
        self.newest = 0

    def record(self, wal_position: int, position: int) -> None:
        """Record that every change up to `position` is at or before `wal_position`."""
        if self._positions and position <= self._positions[-1]:
            return
        self.newest = wal_position
        self._wal_positions.append(wal_position)
        self._positions.append(position)
        if len(self._wal_positions) > _MAX_POSITIONS:
            del self._wal_positions[: _MAX_POSITIONS // 2], self._positions[: _MAX_POSITIONS // 2]

    def clear(self) -> None:
        """Drop all positions: the next feed may come from another server."""
        self._wal_positions.clear()
        self._positions.clear()

    def last_change_at(self, wal_position: int) -> int | None:
        """Return the number of the last change that a replica has seen; None if it is unknown.

        Args:
            wal_position: the position up to which the replica has replayed.
        """
        found = bisect_right(self._wal_positions, wal_position)
        return self._positions[found - 1] if found else None
