"""Load a row as it is now: from a replica that has seen all its changes, else from the primary.

A row that changed while it was read is read again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.base.metrics import Metrics
from gateway.base.options import Options
from gateway.base.thread_pool import Pool, Unavailable
from gateway.cache.verdict_cache import VerdictCache
from gateway.verification.batch_loader import BatchLoader
from gateway.verification.replica import Replica

R = TypeVar("R")
Read = Callable[[Sequence[str]], Mapping[str, R]]
ReadAt = Callable[[Sequence[str]], tuple[int, Mapping[str, R]]]
Names = Callable[[str, R | None], Iterable[str | None]]

# A key that keeps changing while it is read is given up after so many reads.
_ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class _ReplicaRow(Generic[R]):
    """A replica's row, and the position up to which the replica had replayed."""

    wal_position: int
    row: R | None


class RowLoader(Generic[R]):
    """Loads rows; for use in its cache's event loop."""

    def __init__(
        self,
        read: Read[R],
        names: Names[R],
        cache: VerdictCache,
        pool: Pool,
        options: Options,
        metrics: Metrics,
        replica: Replica | None = None,
        read_replica: ReadAt[R] | None = None,
    ) -> None:
        """Create a loader.

        Args:
            read: reads the rows of at most 64 names from the primary; see `BatchLoader`.
            names: returns the key id and public ids of a row, given the name and the row.
            read_replica: reads from the replica, and also returns up to which position it has
                replayed.
        """
        self._names = names
        self._cache = cache
        self._metrics = metrics
        self._primary_loader: BatchLoader[R] = BatchLoader(read, pool, options)
        self._replica = replica
        self._replica_loader: BatchLoader[_ReplicaRow[R]] | None = None
        if replica is not None and read_replica is not None:
            read_at = _with_wal_position(read_replica)
            self._replica_loader = BatchLoader(read_at, replica.pool, options)

    async def load(self, name: str) -> R | None:
        """Return a row that is no older than this call; None if there is none.

        Raises:
            Unavailable: if it cannot be read now.
        """
        if (found := await self._from_replica(name)) is not None:
            self._metrics.from_replica += 1
            return found.row
        self._metrics.from_database += 1
        cache = self._cache
        for _ in range(_ATTEMPTS):
            position = cache.position
            row = await self._primary_loader.load(name)
            if not cache.changed_since(position, *self._names(name, row)):
                return row
            # The row may be from before the change. It is read again rather than used: an admin
            # may already have seen that the key is revoked.
        raise Unavailable("changing")

    async def _from_replica(self, name: str) -> _ReplicaRow[R] | None:
        replica, loader, cache = self._replica, self._replica_loader, self._cache
        # Without a live feed it is unknown what has changed, so no replica's answer counts.
        if loader is None or replica is None or not (cache.valid and replica.available):
            return None
        try:
            found = await loader.load(name)
        except Unavailable as error:
            replica.record_failure(error)
            return None
        replica.record_answer()
        if found is None or not cache.valid:
            return None
        position = replica.positions.last_change_at(found.wal_position)
        if position is None or cache.changed_since(position, *self._names(name, found.row)):
            return None
        return found


def _with_wal_position(read: ReadAt[R]) -> Callable[[Sequence[str]], Mapping[str, _ReplicaRow[R]]]:
    def read_rows(names: Sequence[str]) -> Mapping[str, _ReplicaRow[R]]:
        wal_position, rows = read(names)
        return {name: _ReplicaRow(wal_position, rows.get(name)) for name in names}

    return read_rows
