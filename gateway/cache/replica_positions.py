"""Which changes a replica has seen, and so what of its answers may be believed.

A change that was told is known by its number (`Memory.position`). With the next proof of the feed
comes a place in the write-ahead log at or before which it lies. A replica that has replayed up to
that place has seen it. Of everything that changed later, the replica's answer is not taken, and the
primary is asked: so a key is never let in for longer than without a replica, however far the
replica is behind.
"""

from __future__ import annotations

from bisect import bisect_right

# So many steps are remembered. A replica that is further behind is not asked for what has changed
# since, or for anything at all once memory has given up its changes (gateway.cache.verdict_cache).
_MOST = 10_000


class ReplicaPositions:
    """Belongs to one event loop; `newest` may be read from any thread.

    Attributes:
        newest: a replica that has come up to here has seen every change whose place is known.
    """

    def __init__(self) -> None:
        self._places: list[int] = []
        self._positions: list[int] = []
        self.newest = 0

    def note(self, place: int, position: int) -> None:
        """Notes that every change up to `position` lies at or before `place`."""
        if self._positions and position <= self._positions[-1]:
            return
        self.newest = place
        self._places.append(place)
        self._positions.append(position)
        if len(self._places) > _MOST:
            del self._places[: _MOST // 2], self._positions[: _MOST // 2]

    def clear(self) -> None:
        """Forgets everything: the next feed may be another server's."""
        self._places.clear()
        self._positions.clear()

    def seen_by(self, place: int) -> int | None:
        """The number of the last change that a replica has surely seen; None if that is unknown.

        Args:
            place: up to which it has replayed.
        """
        found = bisect_right(self._places, place)
        return self._positions[found - 1] if found else None
