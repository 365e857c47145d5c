"""A row as it is now: from the replica where that has seen every change of it, or else from the
primary, and again if it changed while it was read."""

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

# A key that changes again and again while it is read is not worth waiting for any longer.
_TRIES = 4


@dataclass(frozen=True, slots=True)
class _ReplicaRow(Generic[R]):
    """What a replica said, and how far it had come."""

    place: int
    row: R | None


class Rows(Generic[R]):
    """Belongs to the event loop of its memory."""

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
        """Makes it ready.

        Args:
            read: reads the rows of at most 64 names from the primary; see `Batches`.
            names: what a row is about, its key and public ids, given what was asked for as well.
            read_replica: the same from the replica, with how far that has come.
        """
        self._names = names
        self._cache = cache
        self._metrics = metrics
        self._primary: BatchLoader[R] = BatchLoader(read, pool, options)
        self._replica = replica
        self._seen: BatchLoader[_ReplicaRow[R]] | None = None
        if replica is not None and read_replica is not None:
            self._seen = BatchLoader(_with_place(read_replica), replica.pool, options)

    async def row(self, name: str) -> R | None:
        """The row as it is after this was called; None if there is none.

        Raises:
            Unavailable: if it cannot be read now.
        """
        if (seen := await self._from_replica(name)) is not None:
            self._metrics.from_replica += 1
            return seen.row
        self._metrics.from_database += 1
        cache = self._cache
        for _ in range(_TRIES):
            position = cache.position
            row = await self._primary.load(name)
            if not cache.changed_since(position, *self._names(name, row)):
                return row
            # What was read may be from before the change. It is read again, rather than answered:
            # somebody may have been told by now that the key is revoked.
        raise Unavailable("changing")

    async def _from_replica(self, name: str) -> _ReplicaRow[R] | None:
        replica, cache = self._replica, self._cache
        # Without a living feed nobody knows what has changed, and nothing of it can be believed.
        if self._seen is None or replica is None or not (cache.valid and replica.asked):
            return None
        try:
            seen = await self._seen.load(name)
        except Unavailable as why:
            replica.failed(why)
            return None
        replica.answered()
        if seen is None or not cache.valid:
            return None
        position = replica.positions.seen_by(seen.place)
        if position is None or cache.changed_since(position, *self._names(name, seen.row)):
            return None
        return seen


def _with_place(read: ReadAt[R]) -> Callable[[Sequence[str]], Mapping[str, _ReplicaRow[R]]]:
    def seen(names: Sequence[str]) -> Mapping[str, _ReplicaRow[R]]:
        place, rows = read(names)
        return {name: _ReplicaRow(place, rows.get(name)) for name in names}

    return seen
