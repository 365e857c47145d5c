"""Telling whether a presented text is a good token: from memory, or else from the database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias, TypeVar

from gateway.base.metrics import Metrics
from gateway.base.options import Options
from gateway.base.thread_pool import Pool
from gateway.cache.replica_positions import Replica
from gateway.cache.verdict_cache import Known, Memory, fingerprint
from gateway.usage.rehash import Upgrades
from gateway.verification.imported_keys import ForeignKeys
from gateway.verification.row_loader import Rows
from keys.credentials.peppers import Peppers
from keys.credentials.tokens import NotAToken, Token, parse
from keys.credentials.verification import Reason, Refused, judge
from runtime.clock import Clock
from storage.secret_lookup import Lookup, SecretRow, WouldWait

T = TypeVar("T")
Answer: TypeAlias = "Known | Refused"


class Checker(Protocol):
    """Answers whether a text is a good token, without holding up the event loop."""

    async def check(self, presented: str) -> Answer:
        """Verifies. Raises Unavailable if that is not possible now."""
        ...

    async def run(self, work: Callable[..., T], *args: Any) -> T:
        """Runs another blocking piece of work. Raises Unavailable likewise."""
        ...

    def close(self) -> None:
        """Returns when nothing runs any more. Blocks."""
        ...


class RememberingChecker:
    """Asks its memory, and reads what is not there."""

    def __init__(
        self,
        lookup: Lookup,
        peppers: Peppers,
        clock: Clock,
        memory: Memory,
        options: Options,
        metrics: Metrics,
        upgrades: Upgrades,
        replica: Replica | None = None,
    ) -> None:
        self._lookup = lookup
        self._peppers = peppers
        self._clock = clock
        self._memory = memory
        self._metrics = metrics
        self._pool = Pool(options)
        self._replica = replica
        self._rows: Rows[SecretRow] = Rows(
            lookup.read, _about, memory, self._pool, options, metrics,
            replica, replica.lookup.read if replica else None,
        )  # fmt: skip
        self._foreign = ForeignKeys(
            lookup, peppers, clock, memory, self._pool, options, metrics, upgrades, replica
        )

    async def check(self, presented: str) -> Answer:
        """See `Checker`."""
        # "surrogateescape" never fails, and such a text is no token anyway.
        mark = fingerprint(presented.encode("utf-8", "surrogateescape"))
        if remembered := self._memory.get(mark) or self._memory.refusal(mark):
            self._metrics.from_memory += 1
            return remembered
        try:
            token = parse(presented)
        except NotAToken as error:
            return await self._foreign.check(presented, mark, Reason(error.flaw.value))
        return await self._read(token, mark)

    def glance(self, presented: bytes, mark: bytes) -> Known | None:
        """A good token that memory does not know, where the database answers at once.

        Args:
            mark: the fingerprint of `presented`.

        Returns:
            None if the usual way has to find out, or has to say why not.
        """
        try:
            text = presented.decode("ascii")
            token = parse(text)
            # Nothing comes between reading and keeping: the event loop does both in one go.
            answer = self._judge(token, mark, self._lookup.glance(token.public_id))
        except NotAToken as error:
            return self._foreign.glance(text, mark, Reason(error.flaw.value))
        except (UnicodeDecodeError, WouldWait):
            return None
        self._metrics.from_database += 1
        return answer if isinstance(answer, Known) else None

    async def run(self, work: Callable[..., T], *args: Any) -> T:
        """See `Checker`."""
        return await self._pool.run(work, *args)

    def close(self) -> None:
        """See `Checker`."""
        if self._replica is not None:
            self._replica.close()
        self._pool.close()
        self._lookup.close()

    async def _read(self, token: Token, mark: bytes) -> Answer:
        try:
            answer = self._judge(token, mark, self._lookup.glance(token.public_id))
        except WouldWait:
            # Then in a thread, with others who wait. Nothing comes between reading and keeping.
            return self._judge(token, mark, await self._rows.row(token.public_id))
        self._metrics.from_database += 1
        return answer

    def _judge(self, token: Token, mark: bytes, row: SecretRow | None) -> Answer:
        answer = judge(token, row, self._peppers, self._clock.now())
        if isinstance(answer, Refused):
            self._memory.keep_refusal(mark, answer, token.public_id)
            return answer
        return self._memory.keep(mark, answer)


def _about(public_id: str, row: SecretRow | None) -> tuple[str | None, ...]:
    return public_id, row.key_id if row else None
