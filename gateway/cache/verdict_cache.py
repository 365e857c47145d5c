"""What a gateway remembers of tokens, and for how long that may be believed.

Three rules make a revocation immediate although answers come from memory:

1.  Nothing is believed without proof. The feed of changes (storage.change_feed) proves again and
again
    that it is alive; what is remembered counts only until a short while after the last proof.
2.  Every change forgets. It is told by key and by public id, whoever made it.
3.  A read that was under way during a change is not kept, and not answered either: it is done
    again (`changed_since`). It may have seen the key as it was before.

It belongs to one event loop and needs no lock. No token is kept: what is remembered stands under
the SHA-256 of a text that has 256 random bits, which leads nowhere.
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

# So many changes are remembered for reads under way; a read that began before is done again.
_RECENT_MAX = 10_000

IMPORTED = "imported"
"""Stands for all imported secrets: what is changed of one may make a text known that was not."""


def fingerprint(presented: bytes) -> bytes:
    """Under what a presented text is remembered."""
    return sha256(presented).digest()


class CachedKey(UsageCounter):
    """A token that is good, and the tally of its uses.

    One object for both: there may be very many of them, and each is looked at whenever Python's
    garbage collector goes through all that lives.

    Attributes:
        ends: when it stops being good by itself, in seconds since 1970.
        limited: whether each request has to be looked at: how many came, and from where.
        reply: a whole HTTP answer to let somebody in, made when first needed.
    """

    __slots__ = ("ends", "key", "limited", "reply", "seen")

    def __init__(self, key: Verified) -> None:
        super().__init__(key.secret_id)
        self.key = key
        self.ends = key.ends_at.timestamp() if key.ends_at else inf
        self.limited = bool(key.rate_limit or key.networks)
        self.reply: bytes | None = None
        self.seen = 0


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
    """Good tokens, and refused ones; both bounded."""

    def __init__(
        self,
        clock: Clock,
        *,
        most: int = 100_000,
        most_refused: int = 10_000,
        refused_for: float = 60.0,
    ) -> None:
        """Begins empty, and believed in nothing.

        Args:
            most: how many good tokens to remember.
            most_refused: how many refused ones.
            refused_for: seconds after which a refused one is looked at anew in any case.
        """
        self._timestamp = clock.timestamp
        self._monotonic = clock.monotonic
        self._most, self._most_refused, self._refused_for = most, most_refused, refused_for
        self._known: dict[bytes, CachedKey] = {}
        self._refused: dict[bytes, _Refusal] = {}
        self._about = _Index()
        self._recent: dict[str, int] = {}
        self._floor = 0
        self._imported: bool | None = None
        self.position = 0
        self._believed_until = -inf

    def __len__(self) -> int:
        return len(self._known)

    @property
    def believed(self) -> bool:
        """Whether what is remembered counts at this moment."""
        return self._monotonic() < self._believed_until

    @property
    def imported(self) -> bool | None:
        """Whether there are imported keys at all; None if that has to be looked up."""
        return self._imported if self.believed else None

    def note_imported(self, found: bool, position: int) -> None:
        """Remembers whether there are imported keys, as it was read at this position."""
        if found:
            self._imported = True
        elif self._imported is None and position >= self._floor:
            # Whatever was imported since would have made it true.
            self._imported = False

    def valid_until(self, moment: float) -> None:
        """What is remembered counts until then, in seconds of the monotonic clock."""
        self._believed_until = moment

    def get(self, cache_key: bytes) -> CachedKey | None:
        """A good token by its fingerprint; None if it has to be looked up."""
        return self.get_at(cache_key, self._monotonic(), self._timestamp())

    def get_at(self, cache_key: bytes, monotonic: float, timestamp: float) -> CachedKey | None:
        """The same for who has just looked at both clocks."""
        known = self._known.get(cache_key)
        if known is None or monotonic >= self._believed_until:
            return None
        # A cached answer never outlives the token.
        return known if timestamp < known.ends else None

    def refusal(self, cache_key: bytes) -> Refused | None:
        """Why a token is refused, by its fingerprint; None if it has to be looked up."""
        found = self._refused.get(cache_key)
        if found is None or self._monotonic() >= min(found.until, self._believed_until):
            return None
        return found.refused

    def keep(self, cache_key: bytes, key: Verified) -> CachedKey:
        """Remembers a good token; somebody has made sure that nothing changed meanwhile."""
        if len(self._known) >= self._most:
            self._make_room()
        known = self._known[cache_key] = CachedKey(key)
        self._about.add(key.key_id, cache_key)
        return known

    def keep_refusal(self, cache_key: bytes, refused: Refused, public_id: str) -> None:
        """Remembers that a token is refused."""
        if len(self._refused) >= self._most_refused:
            self._drop(next(iter(self._refused)))
        refusal = _Refusal(refused, public_id, self._monotonic() + self._refused_for)
        self._refused[cache_key] = refusal
        for name in refusal.names:
            self._about.add(name, cache_key)

    def changed_since(self, position: int, *names: str | None) -> bool:
        """Whether a key or public id may have changed after this position."""
        if position < self._floor:
            return True
        return any(self._recent.get(name, -1) > position for name in names if name is not None)

    def apply(self, changes: Iterable[FeedEntry]) -> None:
        """Forgets what the changes are about."""
        for change in changes:
            if change.key_id is None and change.public_id is None:
                if change.fence is None:
                    self.forget_everything()
                continue
            self.position += 1
            for name in (change.key_id, change.public_id):
                if name is not None:
                    self._forget(name)
            if change.public_id is not None and change.public_id.startswith(IMPORTED_ID):
                self._imported = True
                self._forget(IMPORTED)

    def forget_everything(self) -> None:
        """Forgets all that is remembered, and has every read under way done again."""
        self.position += 1
        self._floor = self.position
        self._imported = None
        self._known.clear()
        self._refused.clear()
        self._about.clear()
        self._recent.clear()

    def _forget(self, name: str) -> None:
        self._note(name)
        for cache_key in self._about.marks(name):
            self._drop(cache_key)

    def _note(self, name: str) -> None:
        self._recent.pop(name, None)
        self._recent[name] = self.position
        if len(self._recent) > _RECENT_MAX:
            oldest = next(iter(self._recent))
            self._floor = max(self._floor, self._recent.pop(oldest))

    def _make_room(self) -> None:
        """Drops a token that was not used lately; each use gives one more chance (CLOCK).

        Source: F. J. Corbató, "A Paging Experiment with the Multics System", 1968.
        """
        for cache_key in list(self._known)[: self._most // 10 + 1]:
            known = self._known[cache_key]
            if known.seen == known.count:
                self._drop(cache_key)
                return
            known.seen = known.count
            self._known[cache_key] = self._known.pop(cache_key)
        self._drop(next(iter(self._known)))

    def _drop(self, cache_key: bytes) -> None:
        known = self._known.pop(cache_key, None)
        refusal = self._refused.pop(cache_key, None)
        names = (known.key.key_id,) if known else refusal.names if refusal else ()
        for name in names:
            self._about.discard(name, cache_key)


class _Index:
    """Under which fingerprints something is remembered about a name.

    Nearly every name has one. It stands there bare: a set for each would take more memory than all
    the rest of what is remembered.
    """

    def __init__(self) -> None:
        self._marks: dict[str, bytes | set[bytes]] = {}

    def __len__(self) -> int:
        return len(self._marks)

    def add(self, name: str, cache_key: bytes) -> None:
        found = self._marks.setdefault(name, cache_key)
        if isinstance(found, set):
            found.add(cache_key)
        elif found != cache_key:
            self._marks[name] = {found, cache_key}

    def marks(self, name: str) -> tuple[bytes, ...]:
        found = self._marks.get(name, ())
        return (found,) if isinstance(found, bytes) else tuple(found)

    def discard(self, name: str, cache_key: bytes) -> None:
        found = self._marks.get(name)
        if isinstance(found, set):
            found.discard(cache_key)
        if found == cache_key or not found:
            self._marks.pop(name, None)

    def clear(self) -> None:
        self._marks.clear()
