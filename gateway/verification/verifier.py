"""Verify presented texts: from the cache, or else from the database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias, TypeVar

from gateway.base.metrics import Metrics
from gateway.base.options import Options
from gateway.base.thread_pool import Pool
from gateway.cache.verdict_cache import CachedKey, VerdictCache, fingerprint
from gateway.usage.rehash_queue import RehashQueue
from gateway.verification.imported_keys import ImportedKeys
from gateway.verification.replica import Replica
from gateway.verification.row_loader import RowLoader
from keys.credentials.peppers import Peppers
from keys.credentials.tokens import NotAToken, Token, parse
from keys.credentials.verification import Reason, Refused, evaluate, of_account
from runtime.clock import Clock
from storage.secret_lookup import Lookup, SecretRow, WouldBlock

T = TypeVar("T")
Answer: TypeAlias = CachedKey | Refused


class Verifier(Protocol):
    """Verifies tokens without blocking the event loop."""

    async def check(self, presented: str) -> Answer:
        """Return the accepted key or the refusal. Raises Unavailable if neither is possible now."""
        ...

    async def run(self, work: Callable[..., T], *args: Any) -> T:
        """Run other blocking work in a thread. Raises Unavailable likewise."""
        ...

    def close(self) -> None:
        """Wait for what runs, and close the connections. Blocks."""
        ...


class CachingVerifier:
    """Verifies from its cache, and reads what is not cached."""

    def __init__(
        self,
        lookup: Lookup,
        peppers: Peppers,
        clock: Clock,
        cache: VerdictCache,
        options: Options,
        metrics: Metrics,
        rehash_queue: RehashQueue,
        replica: Replica | None = None,
    ) -> None:
        self._lookup = lookup
        self._peppers = peppers
        self._clock = clock
        self._cache = cache
        self._account = options.account
        self._metrics = metrics
        self._pool = Pool(options)
        self._replica = replica
        self._row_loader: RowLoader[SecretRow] = RowLoader(
            lookup.read, _names_of, cache, self._pool, options, metrics,
            replica, replica.lookup.read if replica else None,
        )  # fmt: skip
        self._imported_keys = ImportedKeys(
            lookup, peppers, clock, cache, self._pool, options, metrics, rehash_queue, replica
        )

    async def check(self, presented: str) -> Answer:
        """See `Verifier`."""
        # JSON can carry lone surrogates; this never fails, and such a text is not a token anyway.
        cache_key = fingerprint(presented.encode("utf-8", "surrogatepass"))
        if cached := self._cache.get(cache_key) or self._cache.refusal(cache_key):
            self._metrics.from_cache += 1
            return cached
        try:
            token = parse(presented)
        except NotAToken as error:
            return await self._imported_keys.check(presented, cache_key, Reason(error.flaw.value))
        return await self._read(token, cache_key)

    def try_read_now(self, presented: bytes, cache_key: bytes) -> Answer | None:
        """Return the answer about a token that is not cached, if that takes no waiting.

        Args:
            cache_key: the fingerprint of `presented`.

        Returns:
            None if `check` has to decide.
        """
        try:
            text = presented.decode()
            token = parse(text)
            # No change comes between reading and caching: the event loop does both in one step.
            answer = self._evaluate(token, cache_key, self._lookup.try_read_now(token.public_id))
        except NotAToken as error:
            return self._imported_keys.try_read_now(text, cache_key, Reason(error.flaw.value))
        except (UnicodeDecodeError, WouldBlock):
            return None
        self._metrics.from_database += 1
        return answer

    async def run(self, work: Callable[..., T], *args: Any) -> T:
        """See `Verifier`."""
        return await self._pool.run(work, *args)

    def close(self) -> None:
        """See `Verifier`."""
        if self._replica is not None:
            self._replica.close()
        # A connection in use is not closed under its thread; it ends with the process.
        if self._pool.close():
            self._lookup.close()

    async def _read(self, token: Token, cache_key: bytes) -> Answer:
        try:
            answer = self._evaluate(token, cache_key, self._lookup.try_read_now(token.public_id))
        except WouldBlock:
            # Then in a thread, with other requests; nothing comes between loading and caching.
            return self._evaluate(token, cache_key, await self._row_loader.load(token.public_id))
        self._metrics.from_database += 1
        return answer

    def _evaluate(self, token: Token, cache_key: bytes, row: SecretRow | None) -> Answer:
        found = evaluate(token, row, self._peppers, self._clock.now())
        answer = of_account(found, self._account)
        if isinstance(answer, Refused):
            self._cache.add_refusal(cache_key, answer, token.public_id)
            return answer
        return self._cache.add(cache_key, answer)


def _names_of(public_id: str, row: SecretRow | None) -> tuple[str | None, ...]:
    return public_id, row.key_id if row else None
