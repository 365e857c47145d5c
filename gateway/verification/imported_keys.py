"""Texts that are no token of ours: whether one is a key that was imported.

Where nothing was ever imported they are refused without a look in the database, as typing errors
are. That nothing was is remembered like everything else: the feed of changes tells of an import,
and without proof that none was missed it is not believed (gateway.cache.verdict_cache).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial

from gateway.base.metrics import Metrics
from gateway.base.options import Options
from gateway.base.thread_pool import Pool
from gateway.cache.verdict_cache import IMPORTED, CachedKey, VerdictCache
from gateway.usage.rehash_queue import RehashQueue
from gateway.verification.replica import Replica
from gateway.verification.row_loader import Rows
from keys.credentials import digests
from keys.credentials.algorithms import Algorithm
from keys.credentials.peppers import Peppers
from keys.credentials.verification import MAY_BE_FOREIGN, Reason, Refused, evaluate_foreign
from runtime.clock import Clock
from storage.secret_lookup import Lookup, SecretRow, WouldBlock

ByDigest = Mapping[bytes, SecretRow]


class ImportedKeys:
    """Belongs to one event loop, that of its memory."""

    def __init__(
        self,
        lookup: Lookup,
        peppers: Peppers,
        clock: Clock,
        cache: VerdictCache,
        pool: Pool,
        options: Options,
        metrics: Metrics,
        rehash_queue: RehashQueue,
        replica: Replica | None = None,
    ) -> None:
        self._lookup = lookup
        self._peppers = peppers
        self._clock = clock
        self._cache = cache
        self._pool = pool
        self._metrics = metrics
        self._rehash_queue = rehash_queue
        self._rows: Rows[ByDigest] = Rows(
            self._read, _names_of, cache, pool, options, metrics,
            replica, partial(self._read_replica, replica) if replica else None,
        )  # fmt: skip
        self._reading: asyncio.Future[None] | None = None

    async def check(self, presented: str, cache_key: bytes, flaw: Reason) -> CachedKey | Refused:
        """Whether the text is an imported key that works.

        Args:
            mark: its fingerprint.
            flaw: why it is no token of ours.

        Raises:
            Unavailable: if that cannot be found out now.
        """
        key = digests.foreign_key(presented) if flaw in MAY_BE_FOREIGN else None
        if key is None or not await self._may_be_imported():
            # Found out without the database, so there is nothing to remember.
            return Refused(flaw)
        try:
            answer = self._evaluate(key, cache_key, flaw, self._try_read(key))
        except WouldBlock:
            return self._evaluate(key, cache_key, flaw, await self._rows.row(presented) or {})
        self._metrics.from_database += 1
        return answer

    def try_read_now(self, presented: str, cache_key: bytes, flaw: Reason) -> CachedKey | None:
        """An imported key that works, where the database answers at once; None otherwise."""
        key = digests.foreign_key(presented) if flaw in MAY_BE_FOREIGN else None
        if key is None or not self._cache.imported:
            return None
        try:
            answer = self._evaluate(key, cache_key, flaw, self._try_read(key))
        except WouldBlock:
            return None
        self._metrics.from_database += 1
        return answer if isinstance(answer, CachedKey) else None

    async def _may_be_imported(self) -> bool:
        cache = self._cache
        if cache.imported is not None or not cache.valid:
            return cache.imported is not False
        try:
            cache.set_imported(self._lookup.try_any_imported_now(), cache.position)
        except WouldBlock:
            # One question for all who come while it is asked.
            if self._reading is None or self._reading.done():
                self._reading = asyncio.ensure_future(self._read_any_imported())
            await asyncio.shield(self._reading)
        return cache.imported is not False

    async def _read_any_imported(self) -> None:
        position = self._cache.position
        found = await self._pool.run(self._lookup.any_imported)
        self._cache.set_imported(found, position)

    def _try_read(self, key: bytes) -> ByDigest:
        return self._lookup.try_read_imported_now(digests.candidates(key, self._peppers))

    def _read(self, texts: Sequence[str]) -> dict[str, ByDigest]:
        """What is known of each text's digests, in one query; runs in a thread."""
        by_text = self._digests_by_text(texts)
        return _rows_by_text(by_text, self._lookup.read_imported(_flattened(by_text)))

    def _read_replica(
        self, replica: Replica, texts: Sequence[str]
    ) -> tuple[int, dict[str, ByDigest]]:
        """The same from the replica, with how far that has come."""
        by_text = self._digests_by_text(texts)
        place, rows = replica.lookup.read_imported(_flattened(by_text))
        return place, _rows_by_text(by_text, rows)

    def _digests_by_text(self, texts: Sequence[str]) -> dict[str, Sequence[bytes]]:
        return {each: digests.candidates(each.encode("ascii"), self._peppers) for each in texts}

    def _evaluate(
        self, key: bytes, cache_key: bytes, flaw: Reason, rows: ByDigest
    ) -> CachedKey | Refused:
        answer, row = evaluate_foreign(key, flaw, rows, self._peppers, self._clock.now())
        if isinstance(answer, Refused):
            self._cache.add_refusal(cache_key, answer, row.public_id if row else IMPORTED)
            return answer
        if row is not None and row.algorithm != Algorithm.HMAC:
            self._rehash_queue.note(row.secret_id, key)
        return self._cache.add(cache_key, answer)


def _names_of(_presented: str, rows: ByDigest | None) -> list[str | None]:
    names: list[str | None] = []
    for row in (rows or {}).values():
        names += (row.public_id, row.key_id)
    # That a key is not there may be from before it was imported, so that counts as well.
    return names or [IMPORTED]


def _flattened(by_text: Mapping[str, Sequence[bytes]]) -> list[bytes]:
    return [one for each in by_text.values() for one in each]


def _rows_by_text(by_text: Mapping[str, Sequence[bytes]], rows: ByDigest) -> dict[str, ByDigest]:
    return {
        text: {digest: rows[digest] for digest in each if digest in rows}
        for text, each in by_text.items()
    }
