"""Verify imported keys: texts that are not tokens of ours.

Where nothing was ever imported, such texts are refused without a database query, as mistyped tokens
are. Whether there are imports is cached like verdicts: the feed reports an import, and without
proof that none was missed the cached value does not count (gateway.cache.verdict_cache).
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
from gateway.verification.row_loader import RowLoader
from keys.credentials import digests
from keys.credentials.algorithms import Algorithm
from keys.credentials.peppers import Peppers
from keys.credentials.verification import (
    MAY_BE_FOREIGN,
    Reason,
    Refused,
    evaluate_foreign,
    of_account,
)
from runtime.clock import Clock
from storage.secret_lookup import Lookup, SecretRow, WouldBlock

ByDigest = Mapping[bytes, SecretRow]


class ImportedKeys:
    """Verifies imported keys; for use in its cache's event loop."""

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
        self._account = options.account
        self._metrics = metrics
        self._rehash_queue = rehash_queue
        self._row_loader: RowLoader[ByDigest] = RowLoader(
            self._read, _names_of, cache, pool, options, metrics,
            replica, partial(self._read_replica, replica) if replica else None,
        )  # fmt: skip
        self._reading: asyncio.Future[None] | None = None

    async def check(self, presented: str, cache_key: bytes, flaw: Reason) -> CachedKey | Refused:
        """Return the imported key that the text is, or why it is refused.

        Args:
            cache_key: the text's fingerprint.
            flaw: why the text is not a token of ours.

        Raises:
            Unavailable: if that cannot be determined now.
        """
        key = digests.foreign_key(presented) if flaw in MAY_BE_FOREIGN else None
        if key is None or not await self._may_be_imported():
            # Decided without the database, so there is nothing to cache.
            return Refused(flaw)
        try:
            answer = self._evaluate(key, cache_key, flaw, self._try_read(key))
        except WouldBlock:
            rows = await self._row_loader.load(presented) or {}
            return self._evaluate(key, cache_key, flaw, rows)
        self._metrics.from_database += 1
        return answer

    def try_read_now(
        self, presented: str, cache_key: bytes, flaw: Reason
    ) -> CachedKey | Refused | None:
        """Return what `check` does, if that takes no waiting; else None."""
        imported = self._cache.imported
        if imported is False or flaw not in MAY_BE_FOREIGN:
            return Refused(flaw)
        key = digests.foreign_key(presented)
        if key is None:
            return Refused(flaw)
        if imported is None:
            return None
        try:
            answer = self._evaluate(key, cache_key, flaw, self._try_read(key))
        except WouldBlock:
            return None
        self._metrics.from_database += 1
        return answer

    async def _may_be_imported(self) -> bool:
        cache = self._cache
        if cache.imported is not None or not cache.valid:
            return cache.imported is not False
        try:
            cache.set_imported(self._lookup.try_any_imported_now(), cache.position)
        except WouldBlock:
            # One query for all requests that arrive while it runs.
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
        """Return the rows of each text's digests, in one query; runs in a thread."""
        by_text = self._digests_by_text(texts)
        return _rows_by_text(by_text, self._lookup.read_imported(_flattened(by_text)))

    def _read_replica(
        self, replica: Replica, texts: Sequence[str]
    ) -> tuple[int, dict[str, ByDigest]]:
        """Return the same from the replica, with the position up to which it has replayed."""
        by_text = self._digests_by_text(texts)
        wal_position, rows = replica.lookup.read_imported(_flattened(by_text))
        return wal_position, _rows_by_text(by_text, rows)

    def _digests_by_text(self, texts: Sequence[str]) -> dict[str, Sequence[bytes]]:
        return {each: digests.candidates(each.encode("ascii"), self._peppers) for each in texts}

    def _evaluate(
        self, key: bytes, cache_key: bytes, flaw: Reason, rows: ByDigest
    ) -> CachedKey | Refused:
        found, row = evaluate_foreign(key, flaw, rows, self._peppers, self._clock.now())
        answer = of_account(found, self._account)
        if isinstance(answer, Refused):
            self._cache.add_refusal(cache_key, answer, row.public_id if row else IMPORTED)
            return answer
        if row is not None and row.algorithm != Algorithm.HMAC:
            self._rehash_queue.add(row.secret_id, key)
        return self._cache.add(cache_key, answer)


def _names_of(_presented: str, rows: ByDigest | None) -> list[str | None]:
    names: list[str | None] = []
    for row in (rows or {}).values():
        names += (row.public_id, row.key_id)
    # The key may be missing because the read was before its import, so an import counts too.
    return names or [IMPORTED]


def _flattened(by_text: Mapping[str, Sequence[bytes]]) -> list[bytes]:
    return [one for each in by_text.values() for one in each]


def _rows_by_text(by_text: Mapping[str, Sequence[bytes]], rows: ByDigest) -> dict[str, ByDigest]:
    return {
        text: {digest: rows[digest] for digest in each if digest in rows}
        for text, each in by_text.items()
    }
