"""Cache which tokens are accepted and which are refused.

Three rules make a revocation immediate although answers are cached:

1.  The cache is valid only with proof. The feed of changes (storage.change_feed) keeps proving that
    it is alive; cached verdicts count until shortly after the last proof.
2.  Every change invalidates. The feed reports the key and the public id, however they were changed.
3.  A read that was under way during a change is neither cached nor used, but repeated
    (`changed_since`): it may have seen the key as it was before.

The cache is for use in one event loop and needs no lock. It holds no token: its keys are the
SHA-256 of texts with 256 random bits, which nothing can be derived from.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from math import inf

from gateway.usage.usage_recorder import UsageCounter
from keys.credentials.digests import IMPORTED_ID
from keys.credentials.verification import Refused, Verified
from runtime.clock import Clock
from storage.change_feed import FeedEntry

# The changes that are recorded for reads under way; a read that started before them is repeated.
_RECENT_MAX = 10_000

IMPORTED = "imported"
"""Stands for all imported secrets: an import may make a text valid that was refused before."""


def fingerprint(presented: bytes) -> bytes:
    """Return the cache key of a presented text."""
    return sha256(presented).digest()


class CachedKey(UsageCounter):
    """An accepted token, and the counter of its uses.

    One object for both: there may be very many, and Python's garbage collector visits each.

    Attributes:
        ends_at: when it expires, in seconds since 1970.
        limited: whether each request must be checked against a rate limit or networks.
        reply: the whole HTTP reply that accepts a request, made when first needed.
        count_when_spared: the count of its uses when it was last spared from eviction.
    """

    __slots__ = ("count_when_spared", "ends_at", "key", "limited", "reply")

    def __init__(self, key: Verified) -> None:
        super().__init__(key.secret_id)
        self.key = key
        self.ends_at = key.ends_at.timestamp() if key.ends_at else inf
        self.limited = bool(key.rate_limit or key.networks)
        self.reply: bytes | None = None
        self.count_when_spared = 0


@dataclass(frozen=True, slots=True)
class _Refusal:
    refused: Refused
    public_id: str
    until: float

    @property
    def names(self) -> tuple[str, ...]:
        key_id = self.refused.key_id
        return (self.public_id,) if key_id is None else (self.public_id, key_id)


class VerdictCache:
    """Accepted and refused tokens, both bounded; for use in one event loop."""

    def __init__(
        self,
        clock: Clock,
        *,
        max_keys: int = 100_000,
        max_refused: int = 10_000,
        refusal_ttl: float = 60.0,
    ) -> None:
        """Create an empty cache, invalid until `valid_until` is called.

        Args:
            max_keys: how many accepted tokens to hold.
            max_refused: how many refused tokens to hold.
            refusal_ttl: seconds after which a refused token is looked up again.
        """
        self._timestamp = clock.timestamp
        self._monotonic = clock.monotonic
        self._max_keys, self._max_refused, self._refusal_ttl = max_keys, max_refused, refusal_ttl
        self._keys: dict[bytes, CachedKey] = {}
        self._refused: dict[bytes, _Refusal] = {}
        self._index = _Index()
        self._recent: dict[str, int] = {}
        self._floor = 0
        self._imported: bool | None = None
        self.position = 0
        self._valid_until = -inf

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def valid(self) -> bool:
        """Return whether cached verdicts count now."""
        return self._monotonic() < self._valid_until

    @property
    def imported(self) -> bool | None:
        """Return whether there are imported keys; None if that must be looked up."""
        return self._imported if self.valid else None

    def set_imported(self, found: bool, position: int) -> None:
        """Cache whether there are imported keys, as read at this position."""
        if found:
            self._imported = True
        elif self._imported is None and position >= self._floor:
            # An import since then would have set it to true.
            self._imported = False

    def valid_until(self, at: float) -> None:
        """Make cached verdicts count until then, in seconds of the monotonic clock."""
        self._valid_until = at

    def get(self, cache_key: bytes) -> CachedKey | None:
        """Return an accepted token by its fingerprint; None if it must be looked up."""
        return self.get_at(cache_key, self._monotonic(), self._timestamp())

    def get_at(self, cache_key: bytes, monotonic: float, timestamp: float) -> CachedKey | None:
        """Return the same as `get`, for a caller that has just read both clocks."""
        cached = self._keys.get(cache_key)
        if cached is None or monotonic >= self._valid_until:
            return None
        # A cached verdict never outlives the token.
        return cached if timestamp < cached.ends_at else None

    def refusal(self, cache_key: bytes) -> Refused | None:
        """Return why a token is refused, by its fingerprint; None if it must be looked up."""
        found = self._refused.get(cache_key)
        if found is None or self._monotonic() >= min(found.until, self._valid_until):
            return None
        return found.refused

    def add(self, cache_key: bytes, key: Verified) -> CachedKey:
        """Cache an accepted token; the caller has checked that nothing changed meanwhile."""
        if len(self._keys) >= self._max_keys:
            self._evict()
        cached = self._keys[cache_key] = CachedKey(key)
        self._index.add(key.key_id, cache_key)
        return cached

    def add_refusal(self, cache_key: bytes, refused: Refused, public_id: str) -> None:
        """Cache a refusal, likewise."""
        if len(self._refused) >= self._max_refused:
            self._remove(next(iter(self._refused)))
        refusal = _Refusal(refused, public_id, self._monotonic() + self._refusal_ttl)
        self._refused[cache_key] = refusal
        for name in refusal.names:
            self._index.add(name, cache_key)

    def changed_since(self, position: int, *names: str | None) -> bool:
        """Return whether a key or public id may have changed after this position."""
        if position < self._floor:
            return True
        return any(self._recent.get(name, -1) > position for name in names if name is not None)

    def apply(self, changes: Iterable[FeedEntry]) -> None:
        """Invalidate what the changes concern."""
        for change in changes:
            if change.key_id is None and change.public_id is None:
                if change.fence is None:
                    self.clear()
                continue
            self.position += 1
            for name in (change.key_id, change.public_id):
                if name is not None:
                    self._invalidate(name)
            if change.public_id is not None and change.public_id.startswith(IMPORTED_ID):
                self._imported = True
                self._invalidate(IMPORTED)

    def clear(self) -> None:
        """Drop everything, and have every read under way repeated."""
        self.position += 1
        self._floor = self.position
        self._imported = None
        self._keys.clear()
        self._refused.clear()
        self._index.clear()
        self._recent.clear()

    def _invalidate(self, name: str) -> None:
        self._mark_changed(name)
        for cache_key in self._index.cache_keys(name):
            self._remove(cache_key)

    def _mark_changed(self, name: str) -> None:
        self._recent.pop(name, None)
        self._recent[name] = self.position
        if len(self._recent) > _RECENT_MAX:
            oldest = next(iter(self._recent))
            self._floor = max(self._floor, self._recent.pop(oldest))

    def _evict(self) -> None:
        """Evict a token that was not used lately; a use gives it a second chance (CLOCK).

        Source: F. J. Corbató, "A Paging Experiment with the Multics System", 1968.
        """
        for cache_key in list(self._keys)[: self._max_keys // 10 + 1]:
            cached = self._keys[cache_key]
            if cached.count_when_spared == cached.count:
                self._remove(cache_key)
                return
            cached.count_when_spared = cached.count
            self._keys[cache_key] = self._keys.pop(cache_key)
        self._remove(next(iter(self._keys)))

    def _remove(self, cache_key: bytes) -> None:
        cached = self._keys.pop(cache_key, None)
        refusal = self._refused.pop(cache_key, None)
        names = (cached.key.key_id,) if cached else refusal.names if refusal else ()
        for name in names:
            self._index.discard(name, cache_key)


class _Index:
    """The cache keys by key id and public id.

    Nearly every name has one cache key. It is stored bare: a set for each would take more memory
    than the rest of the cache.
    """

    def __init__(self) -> None:
        self._keys: dict[str, bytes | set[bytes]] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, name: str, cache_key: bytes) -> None:
        found = self._keys.setdefault(name, cache_key)
        if isinstance(found, set):
            found.add(cache_key)
        elif found != cache_key:
            self._keys[name] = {found, cache_key}

    def cache_keys(self, name: str) -> tuple[bytes, ...]:
        found = self._keys.get(name, ())
        return (found,) if isinstance(found, bytes) else tuple(found)

    def discard(self, name: str, cache_key: bytes) -> None:
        found = self._keys.get(name)
        if isinstance(found, set):
            found.discard(cache_key)
        if found == cache_key or not found:
            self._keys.pop(name, None)

    def clear(self) -> None:
        self._keys.clear()
