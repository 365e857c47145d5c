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
from gateway.cache.replica_positions import Replica
from gateway.cache.verdict_cache import IMPORTED, CachedKey, VerdictCache
from gateway.usage.rehash import RehashQueue
from gateway.verification.row_loader import Rows
from keys.credentials import digests
from keys.credentials.algorithms import Algorithm
from keys.credentials.peppers import Peppers
from keys.credentials.verification import MAY_BE_FOREIGN, Reason, Refused, judge_foreign
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
        memory: VerdictCache,
        pool: Pool,
        options: Options,
        metrics: Metrics,
        upgrades: RehashQueue,
        replica: Replica | None = None,
    ) -> None:
        self._lookup = lookup
        self._peppers = peppers
        self._clock = clock
        self._memory = memory
        self._pool = pool
        self._metrics = metrics
        self._upgrades = upgrades
        self._rows: Rows[ByDigest] = Rows(
            self._read, _about, memory, pool, options, metrics,
            replica, partial(self._read_replica, replica) if replica else None,
        )  # fmt: skip
        self._asking: asyncio.Future[None] | None = None

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
            answer = self._judge(key, cache_key, flaw, self._glance(key))
        except WouldBlock:
            return self._judge(key, cache_key, flaw, await self._rows.row(presented) or {})
        self._metrics.from_database += 1
        return answer

    def try_read_now(self, presented: str, cache_key: bytes, flaw: Reason) -> CachedKey | None:
        """An imported key that works, where the database answers at once; None otherwise."""
        key = digests.foreign_key(presented) if flaw in MAY_BE_FOREIGN else None
        if key is None or not self._memory.imported:
            return None
        try:
            answer = self._judge(key, cache_key, flaw, self._glance(key))
        except WouldBlock:
            return None
        self._metrics.from_database += 1
        return answer if isinstance(answer, CachedKey) else None

    async def _may_be_imported(self) -> bool:
        memory = self._memory
        if memory.imported is not None or not memory.believed:
            return memory.imported is not False
        try:
            memory.note_imported(self._lookup.glance_any_imported(), memory.position)
        except WouldBlock:
            # One question for all who come while it is asked.
            if self._asking is None or self._asking.done():
                self._asking = asyncio.ensure_future(self._ask())
            await asyncio.shield(self._asking)
        return memory.imported is not False

    async def _ask(self) -> None:
        position = self._memory.position
        found = await self._pool.run(self._lookup.any_imported)
        self._memory.note_imported(found, position)

    def _glance(self, key: bytes) -> ByDigest:
        return self._lookup.try_read_imported_now(digests.candidates(key, self._peppers))

    def _read(self, texts: Sequence[str]) -> dict[str, ByDigest]:
        """What is known of each text's digests, in one query; runs in a thread."""
        wanted = self._digests(texts)
        return _shared_out(wanted, self._lookup.read_imported(_all(wanted)))

    def _read_replica(
        self, replica: Replica, texts: Sequence[str]
    ) -> tuple[int, dict[str, ByDigest]]:
        """The same from the replica, with how far that has come."""
        wanted = self._digests(texts)
        place, rows = replica.lookup.read_imported(_all(wanted))
        return place, _shared_out(wanted, rows)

    def _digests(self, texts: Sequence[str]) -> dict[str, Sequence[bytes]]:
        return {each: digests.candidates(each.encode("ascii"), self._peppers) for each in texts}

    def _judge(
        self, key: bytes, cache_key: bytes, flaw: Reason, rows: ByDigest
    ) -> CachedKey | Refused:
        answer, row = judge_foreign(key, flaw, rows, self._peppers, self._clock.now())
        if isinstance(answer, Refused):
            self._memory.keep_refusal(cache_key, answer, row.public_id if row else IMPORTED)
            return answer
        if row is not None and row.algorithm != Algorithm.HMAC:
            self._upgrades.note(row.secret_id, key)
        return self._memory.keep(cache_key, answer)


def _about(_presented: str, rows: ByDigest | None) -> list[str | None]:
    names: list[str | None] = []
    for row in (rows or {}).values():
        names += (row.public_id, row.key_id)
    # That a key is not there may be from before it was imported, so that counts as well.
    return names or [IMPORTED]


def _all(wanted: Mapping[str, Sequence[bytes]]) -> list[bytes]:
    return [one for each in wanted.values() for one in each]


def _shared_out(wanted: Mapping[str, Sequence[bytes]], rows: ByDigest) -> dict[str, ByDigest]:
    return {
        text: {digest: rows[digest] for digest in each if digest in rows}
        for text, each in wanted.items()
    }
