"""Texts that are no token of ours: whether one is a key that was imported.

Where nothing was ever imported they are refused without a look in the database, as typing errors
are. That nothing was is remembered like everything else: the feed of changes tells of an import,
and without proof that none was missed it is not believed (gateway.memory).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from gateway.batches import Batches
from gateway.memory import IMPORTED, Known, Memory
from gateway.metrics import Metrics
from gateway.options import Options
from gateway.pool import Pool, Unavailable
from gateway.upgrading import Upgrades
from keys import digests
from keys.clock import Clock
from keys.digests import Algorithm
from keys.pepper import Peppers
from keys.verification import MAY_BE_FOREIGN, Reason, Refused, judge_foreign
from storage.lookup import Lookup, SecretRow, WouldWait

# A key that changes again and again while it is read is not worth waiting for any longer.
_TRIES = 4
Rows = Mapping[bytes, SecretRow]


class ForeignKeys:
    """Belongs to one event loop, that of its memory."""

    def __init__(
        self,
        lookup: Lookup,
        peppers: Peppers,
        clock: Clock,
        memory: Memory,
        pool: Pool,
        options: Options,
        metrics: Metrics,
        upgrades: Upgrades,
    ) -> None:
        self._lookup = lookup
        self._peppers = peppers
        self._clock = clock
        self._memory = memory
        self._pool = pool
        self._metrics = metrics
        self._upgrades = upgrades
        self._batches: Batches[Rows] = Batches(self._read, pool, options)
        self._asking: asyncio.Future[None] | None = None

    async def check(self, presented: str, mark: bytes, flaw: Reason) -> Known | Refused:
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
        self._metrics.from_database += 1
        try:
            return self._judge(key, mark, flaw, self._glance(key))
        except WouldWait:
            pass
        memory = self._memory
        for _ in range(_TRIES):
            position = memory.position
            rows = await self._batches.row(presented) or {}
            names = [name for row in rows.values() for name in (row.public_id, row.key_id)]
            # That a key is not there may be from before it was imported, so that counts as well.
            if not memory.changed_since(position, *(names or [IMPORTED])):
                return self._judge(key, mark, flaw, rows)
        raise Unavailable("changing")

    def glance(self, presented: str, mark: bytes, flaw: Reason) -> Known | None:
        """An imported key that works, where the database answers at once; None otherwise."""
        key = digests.foreign_key(presented) if flaw in MAY_BE_FOREIGN else None
        if key is None or not self._memory.imported:
            return None
        try:
            answer = self._judge(key, mark, flaw, self._glance(key))
        except WouldWait:
            return None
        self._metrics.from_database += 1
        return answer if isinstance(answer, Known) else None

    async def _may_be_imported(self) -> bool:
        memory = self._memory
        if memory.imported is not None or not memory.believed:
            return memory.imported is not False
        try:
            memory.note_imported(self._lookup.glance_any_imported(), memory.position)
        except WouldWait:
            # One question for all who come while it is asked.
            if self._asking is None or self._asking.done():
                self._asking = asyncio.ensure_future(self._ask())
            await asyncio.shield(self._asking)
        return memory.imported is not False

    async def _ask(self) -> None:
        position = self._memory.position
        found = await self._pool.run(self._lookup.any_imported)
        self._memory.note_imported(found, position)

    def _glance(self, key: bytes) -> Rows:
        return self._lookup.glance_imported(digests.candidates(key, self._peppers))

    def _read(self, texts: Sequence[str]) -> dict[str, Rows]:
        """What is known of each text's digests, in one query; runs in a thread."""
        wanted = {each: digests.candidates(each.encode("ascii"), self._peppers) for each in texts}
        rows = self._lookup.read_imported([one for each in wanted.values() for one in each])
        return {
            text: {digest: rows[digest] for digest in each if digest in rows}
            for text, each in wanted.items()
        }

    def _judge(self, key: bytes, mark: bytes, flaw: Reason, rows: Rows) -> Known | Refused:
        answer, row = judge_foreign(key, flaw, rows, self._peppers, self._clock.now())
        if isinstance(answer, Refused):
            self._memory.keep_refusal(mark, answer, row.public_id if row else IMPORTED)
            return answer
        if row is not None and row.algorithm != Algorithm.HMAC:
            self._upgrades.note(row.secret_id, key)
        return self._memory.keep(mark, answer)
